/* Tests of retry_after.c: what is a time to wait for. */
#include "worker/origin/retry_after.h"

#include <check.h>
#include <stdlib.h>

#define US UINT64_C(1000000)

/* Sun, 06 Nov 1994 08:49:37.25 GMT */
static const struct wall now = { INT64_C(784111777250000) };

static uint64_t
after(const char *first, const char *second)
{
	struct field fields[3];
	struct head h = { .fields = fields };

	head_add(&h, FIELD_SERVER, SLICE_LIT("x"));
	if (first != NULL)
		head_add(&h, FIELD_RETRY_AFTER, slice_str(first));
	if (second != NULL)
		head_add(&h, FIELD_RETRY_AFTER, slice_str(second));
	return retry_after_us(&h, now);
}

START_TEST(seconds)
{
	ck_assert_uint_eq(after(NULL, NULL), 0);
	ck_assert_uint_eq(after("0", NULL), 0);
	ck_assert_uint_eq(after("1", NULL), US);
	ck_assert_uint_eq(after("0120", NULL), 120 * US);
	ck_assert_uint_eq(after("4294967297", NULL), 4294967297 * US);
	/* However many digits: long. */
	ck_assert_uint_gt(
	    after("99999999999999999999999999", NULL), UINT64_MAX / 11);
	ck_assert_uint_gt(after("18446744073709551617", NULL), UINT64_MAX / 11);
}
END_TEST

START_TEST(dates)
{
	ck_assert_uint_eq(
	    after("Sun, 06 Nov 1994 08:49:40 GMT", NULL), 2750000);
	ck_assert_uint_eq(
	    after("Sunday, 06-Nov-94 08:49:38 GMT", NULL), 750000);
	ck_assert_uint_eq(after("Sun Nov  6 08:50:37 1994", NULL), 59750000);
	ck_assert_uint_eq(after("Sun, 06 Nov 1994 08:49:37 GMT", NULL), 0);
	ck_assert_uint_eq(after("Sat, 05 Nov 1994 08:49:37 GMT", NULL), 0);
}
END_TEST

START_TEST(neither)
{
	static const char *const bad[] = { "", "-1", "+1", "1.5", "1s", "0x10",
		"1 ", " 1", "1,2", "soon", "Sun, 06 Nov 1994 08:49:40" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_msg(after(bad[i], NULL) == 0, "\"%s\"", bad[i]);
	ck_assert_uint_eq(after("1", "1"), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("retry_after");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, seconds);
	tcase_add_test(tc, dates);
	tcase_add_test(tc, neither);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
