/* Tests of clock.c: the shift by the birth, and arithmetic at its ends. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/clock.h"

START_TEST(counts_from_birth)
{
	uint64_t birth = clock_raw_us() - 5000000;
	struct mono now;

	clock_set_birth(birth);
	now = clock_update();
	ck_assert_uint_ge(now.us, 5000000);
	ck_assert_uint_lt(now.us, 65000000);
	ck_assert_uint_eq(clock_now().us, now.us);
	clock_set_birth(clock_raw_us() + 60000000);
	ck_assert_uint_eq(clock_update().us, 0);
}
END_TEST

START_TEST(wall_is_the_time_of_day)
{
	time_t before = time(NULL);
	struct wall w = clock_wall();

	/* time(2) may lag by a tick behind clock_gettime. */
	ck_assert_int_ge(w.us / 1000000 + 1, before);
	ck_assert_int_le(w.us / 1000000, time(NULL) + 1);
}
END_TEST

START_TEST(arithmetic_saturates)
{
	struct mono a = { 10 };
	struct mono b = { 25 };

	ck_assert_uint_eq(mono_diff_us(b, a), 15);
	ck_assert_uint_eq(mono_diff_us(a, b), 0);
	ck_assert_uint_eq(mono_add_us(a, 5).us, 15);
	ck_assert_uint_eq(mono_add_us(a, UINT64_MAX).us, UINT64_MAX);
	ck_assert_uint_eq(mono_add_us(MONO_NEVER, 1).us, UINT64_MAX);
}
END_TEST

START_TEST(wall_is_rfc_3339)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00.007Z" },
		{ 951782399, "2000-02-28T23:59:59.007Z" },
		{ 951782400, "2000-02-29T00:00:00.007Z" },
		{ 951868800, "2000-03-01T00:00:00.007Z" },
		{ 4107542400, "2100-03-01T00:00:00.007Z" },
		{ 1798761599, "2026-12-31T23:59:59.007Z" },
		{ 253402300799, "9999-12-31T23:59:59.007Z" },
	};
	char text[WALL_TEXT_BYTES];

	wall_text((struct wall){ cases[_i].s * 1000000 + 7000 }, text);
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(wall_is_an_http_date)
{
	static const struct {
		int64_t s;
		const char *text;
	} cases[] = {
		{ 0, "Thu, 01 Jan 1970 00:00:00 GMT" },
		{ 784111777, "Sun, 06 Nov 1994 08:49:37 GMT" },
		{ 951782400, "Tue, 29 Feb 2000 00:00:00 GMT" },
		{ 1798761599, "Thu, 31 Dec 2026 23:59:59 GMT" },
	};
	char text[WALL_DATE_BYTES];

	wall_date((struct wall){ cases[_i].s * 1000000 + 999999 }, text);
	ck_assert_str_eq(text, cases[_i].text);
}
END_TEST

START_TEST(days_and_months_end)
{
	static const struct {
		int64_t s;
		const char *day, *month;
	} cases[] = {
		{ 0, "1970-01-02", "1970-02-01" },
		{ 951782400, "2000-03-01", "2000-03-01" },  /* 29 February */
		{ 951868799, "2000-03-01", "2000-03-01" },  /* its end */
		{ 951868800, "2000-03-02", "2000-04-01" },  /* 1 March */
		{ 4107542399, "2100-03-01", "2100-03-01" }, /* 28 February */
		{ 1798761599, "2027-01-01", "2027-01-01" }, /* 31 December */
		{ 1777593600, "2026-05-02", "2026-06-01" }, /* 1 May */
		{ 1777593599, "2026-05-01", "2026-05-01" }, /* 30 April */
	};
	struct wall t = { cases[_i].s * 1000000 + 999999 };
	char text[WALL_TEXT_BYTES], want[WALL_TEXT_BYTES + 4];

	wall_text(wall_day_end(t), text);
	(void)snprintf(want, sizeof(want), "%sT00:00:00.000Z", cases[_i].day);
	ck_assert_str_eq(text, want);
	wall_text(wall_month_end(t), text);
	(void)snprintf(want, sizeof(want), "%sT00:00:00.000Z", cases[_i].month);
	ck_assert_str_eq(text, want);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("clock");
	TCase *tc = tcase_create("clock");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, counts_from_birth);
	tcase_add_test(tc, wall_is_the_time_of_day);
	tcase_add_test(tc, arithmetic_saturates);
	tcase_add_loop_test(tc, wall_is_rfc_3339, 0, 7);
	tcase_add_loop_test(tc, wall_is_an_http_date, 0, 4);
	tcase_add_loop_test(tc, days_and_months_end, 0, 8);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
