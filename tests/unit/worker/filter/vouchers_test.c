/*
 * Tests of vouchers.c: what is found is what was kept, in its time, and no
 * flood of keys or of large ones makes the table grow.
 */
#include "worker/filter/vouchers.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW 1000000

static struct vouchers *v;

static void
setup(void)
{
	v = vouchers_new();
	ck_assert_ptr_nonnull(v);
}

static void
teardown(void)
{
	vouchers_free(v);
}

static void
keep(const char *key, const char *token, int64_t until_s)
{
	vouchers_keep(v, slice_str(key), slice_str(token), NOW, until_s);
}

static bool
finds(const char *key, int64_t now_s, const char *token)
{
	struct slice s = vouchers_find(v, slice_str(key), now_s);

	return token != NULL ? slice_eq(s, slice_str(token)) : s.n == 0;
}

START_TEST(in_its_time)
{
	ck_assert(finds("alice", NOW, NULL));
	keep("alice", "t1", NOW + 30);
	ck_assert(finds("alice", NOW, "t1"));
	ck_assert(finds("alice", NOW + 29, "t1"));
	ck_assert(finds("alice", NOW + 30, NULL));
	ck_assert(finds("alicE", NOW, NULL) && finds("alic", NOW, NULL));
	keep("alice", "t2", NOW + 60);
	ck_assert(finds("alice", NOW + 30, "t2"));
}
END_TEST

/* A token of the future would be refused by who looks at its iat. */
START_TEST(clock_set_back)
{
	keep("alice", "t1", NOW + 30);
	ck_assert(finds("alice", NOW - 1, NULL));
	vouchers_keep(
	    v, SLICE_LIT("alice"), SLICE_LIT("t0"), NOW - 3600, NOW - 3570);
	ck_assert(finds("alice", NOW - 3600, "t0"));
	ck_assert(finds("alice", NOW, "t1"));
}
END_TEST

START_TEST(full_sets)
{
	char key[16], token[16];
	unsigned kept = 0;

	/* Those that end last stay. */
	for (int i = 0; i < 20000; i++) {
		(void)snprintf(key, sizeof(key), "u%d", i);
		(void)snprintf(token, sizeof(token), "t%d", i);
		keep(key, token, NOW + 1 + i);
	}
	for (int i = 0; i < 20000; i++) {
		struct slice s;

		(void)snprintf(key, sizeof(key), "u%d", i);
		(void)snprintf(token, sizeof(token), "t%d", i);
		s = vouchers_find(v, slice_str(key), NOW);
		ck_assert(s.n == 0 || slice_eq(s, slice_str(token)));
		kept += s.n != 0;
	}
	ck_assert_uint_le(kept, 4096);
	ck_assert_uint_ge(kept, 4000);
	ck_assert(finds("u19999", NOW, "t19999"));
	ck_assert(finds("u0", NOW, NULL));
}
END_TEST

START_TEST(large_ones)
{
	char key[VOUCHER_BYTES_MAX];

	memset(key, 'k', sizeof(key));
	vouchers_keep(
	    v, slice_make(key, sizeof(key) - 2), SLICE_LIT("tt"), NOW, NOW + 9);
	ck_assert(
	    slice_eq(vouchers_find(v, slice_make(key, sizeof(key) - 2), NOW),
		SLICE_LIT("tt")));
	vouchers_keep(
	    v, slice_make(key, sizeof(key)), SLICE_LIT("t"), NOW, NOW + 9);
	ck_assert_uint_eq(
	    vouchers_find(v, slice_make(key, sizeof(key)), NOW).n, 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("vouchers");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, in_its_time);
	tcase_add_test(tc, clock_set_back);
	tcase_add_test(tc, full_sets);
	tcase_add_test(tc, large_ones);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
