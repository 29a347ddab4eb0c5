/*
 * What a limit is to a class of requests, while the gateway sheds and while it
 * does not; and when a day and a month end.
 */
#include "shm/limit_rate.h"

#include <check.h>
#include <stdlib.h>

#define DAY_US UINT64_C(86400000000)

static struct img_limit
bucket(void)
{
	return (struct img_limit){ .kind = IMG_LIMIT_TOKEN_BUCKET,
		.count = 60,
		.period_us = 60000000,
		.burst = 10,
		.each_ns = 1000000000,
		.multiplier = { 1000, 2500, 0 } };
}

START_TEST(in_force)
{
	struct img_limit l = bucket();

	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_NORMAL, 500), 1000);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_PRIORITY, 0), 2500);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_EMERGENCY, 0), 0);
	l.adaptive = 1;
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_NORMAL, 0), 1000);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_NORMAL, 250), 750);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_PRIORITY, 250), 1875);
	/* Not uncounted. */
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_NORMAL, 1000), 1);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_NORMAL, 5000), 1);
	ck_assert_uint_eq(limit_in_force(&l, IMG_CLASS_EMERGENCY, 999), 0);
}
END_TEST

/* As deep in time whatever the share. */
START_TEST(buckets)
{
	struct img_limit l = bucket();
	struct limiter_rate r;

	limit_rate(&l, 1000, 0, &r);
	ck_assert_int_eq(r.kind, LIMITER_BUCKET);
	ck_assert_uint_eq(r.burst, 10);
	ck_assert_uint_eq(r.each_ns, 1000000000);
	limit_rate(&l, 2500, 0, &r);
	ck_assert_uint_eq(r.burst, 25);
	ck_assert_uint_eq(r.each_ns, 400000000);
	limit_rate(&l, 50, 0, &r);
	ck_assert_uint_eq(r.burst, 1);
	/* No more than all there is. */
	ck_assert_uint_eq(r.each_ns, UINT64_C(10000000000));
	ck_assert_uint_eq(r.whole_ns, UINT64_C(10000000000));
}
END_TEST

START_TEST(windows)
{
	struct img_limit l = {
		.kind = IMG_LIMIT_SLIDING_WINDOW, .count = 10, .period_us = 7
	};
	struct limiter_rate r;

	limit_rate(&l, 1550, 5, &r);
	ck_assert_int_eq(r.kind, LIMITER_SLIDING);
	ck_assert_uint_eq(r.count, 15);
	ck_assert_uint_eq(r.period_us, 7);
	ck_assert_uint_eq(r.end_us, 0);
	l.kind = IMG_LIMIT_FIXED_WINDOW;
	limit_rate(&l, 1, 5, &r);
	ck_assert_int_eq(r.kind, LIMITER_FIXED);
	ck_assert_uint_eq(r.count, 1);
	ck_assert_uint_eq(r.end_us, 0);
	l.kind = IMG_LIMIT_CONCURRENCY;
	ck_assert_uint_eq(limit_at_once(&l, 1000), 10);
	ck_assert_uint_eq(limit_at_once(&l, 1550), 15);
	ck_assert_uint_eq(limit_at_once(&l, 99), 1);
}
END_TEST

START_TEST(quotas)
{
	struct img_limit l = { .kind = IMG_LIMIT_QUOTA,
		.count = 10,
		.period_us = IMG_PERIOD_DAY };
	uint64_t now_us = 59 * DAY_US - 1; /* 28 February 1970, its end */
	struct limiter_rate r;

	limit_rate(&l, 1000, now_us, &r);
	ck_assert_int_eq(r.kind, LIMITER_FIXED);
	ck_assert_uint_eq(r.end_us, 59 * DAY_US);
	l.period_us = IMG_PERIOD_MONTH;
	limit_rate(&l, 1000, now_us, &r);
	ck_assert_uint_eq(r.end_us, 59 * DAY_US);
	limit_rate(&l, 1000, now_us + 1, &r);
	ck_assert_uint_eq(r.end_us, 90 * DAY_US);
	/* By the calendar's clock, the others by the region's. */
	ck_assert_uint_ge(limit_now_us(&l), 20000 * DAY_US);
	l.kind = IMG_LIMIT_FIXED_WINDOW;
	ck_assert_uint_eq(limit_now_us(&l), clock_now().us);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limit_rate");
	TCase *tc = tcase_create("limit_rate");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, in_force);
	tcase_add_test(tc, buckets);
	tcase_add_test(tc, windows);
	tcase_add_test(tc, quotas);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
