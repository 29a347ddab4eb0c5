/*
 * Tests of text.c: what is appended stands there, across every growth.
 */
#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"

START_TEST(grows_and_keeps)
{
	struct text t;

	text_init(&t);
	ck_assert_uint_eq(text_slice(&t).n, 0);
	for (unsigned i = 0; i < 5000; i++) {
		text_add_u64(&t, i % 10);
		text_add_char(&t, '.');
		text_add(&t, SLICE_LIT("ab"));
	}
	ck_assert_uint_eq(t.n, 20000);
	for (unsigned i = 0; i < 5000; i++) {
		ck_assert_int_eq(t.p[4 * i], (char)('0' + i % 10));
		ck_assert_int_eq(t.p[4 * i + 3], 'b');
	}
	text_fini(&t);
}
END_TEST

START_TEST(formats_at_the_end)
{
	struct text t;

	text_init(&t);
	/* Every place relative to the end of the room. */
	for (unsigned i = 0; i < 2000; i++)
		text_printf(&t, "<%03u>", i % 1000);
	ck_assert_uint_eq(t.n, 10000);
	ck_assert(slice_eq(slice_make(t.p + 5 * 1234, 5), SLICE_LIT("<234>")));
	text_clear(&t);
	ck_assert_uint_eq(t.n, 0);
	text_add(&t, SLICE_NONE);
	text_add_u64(&t, UINT64_MAX);
	text_add_u64(&t, 0);
	ck_assert(slice_eq(text_slice(&t), SLICE_LIT("184467440737095516150")));
	text_fini(&t);
}
END_TEST

/* Around each power of ten, and what may be told wrong of pairs of digits. */
START_TEST(numbers_of_all_lengths)
{
	uint64_t power = 1;
	char room[TEXT_U64_MAX], eight[24];

	for (uint64_t v = 0; v < 100000000; v += 9973) {
		(void)snprintf(eight, sizeof(eight), "7%08" PRIu64, v);
		ck_assert(slice_eq(
		    text_u64(v + 700000000, room), slice_make(eight, 9)));
	}
	for (unsigned digits = 0; digits < 20; digits++, power *= 10)
		for (uint64_t v = power - 1; v < power + 110; v++) {
			char expected[24];
			char put[TEXT_U64_MAX + 1] = "";
			struct slice got = text_u64(v, room);
			int n =
			    snprintf(expected, sizeof(expected), "%" PRIu64, v);

			ck_assert_uint_eq(got.n, n);
			ck_assert_mem_eq(got.p, expected, got.n);
			ck_assert_ptr_eq(text_put_u64(put, v), put + n);
			ck_assert_str_eq(put, expected);
		}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("text");
	TCase *tc = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, grows_and_keeps);
	tcase_add_test(tc, numbers_of_all_lengths);
	tcase_add_test(tc, formats_at_the_end);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
