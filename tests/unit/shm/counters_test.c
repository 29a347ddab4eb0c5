/* Tests of counters.c: sums over workers, reasons. */
#include "shm/counters.h"
#include "tests/unit/shm/fixture.h"

START_TEST(counters_are_summed)
{
	struct region r;

	fixture_region(&r, 3);
	for (uint32_t w = 0; w < 3; w++) {
		counter_add(counters_block(&r, w), COUNTER_LOOP_TURNS, w + 1);
		counter_add(counters_block(&r, w), COUNTER_LOOP_TURNS, 10);
	}
	ck_assert_uint_eq(counters_sum(&r, COUNTER_LOOP_TURNS), 36);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_LOOP_EVENTS), 0);
	/* A gauge goes down by wrapping around. */
	counter_add(counters_block(&r, 0), COUNTER_CONNECTIONS, 2);
	counter_add(counters_block(&r, 0), COUNTER_CONNECTIONS, UINT64_MAX);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_CONNECTIONS), 1);
	region_fini(&r);
}
END_TEST

START_TEST(only_gauges_die_with_a_worker)
{
	struct region r;

	fixture_region(&r, 2);
	for (enum counter c = 0; c < COUNTER_COUNT; c++)
		counter_add(counters_block(&r, 0), c, 5);
	counters_recover_worker(&r, 0);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_CONNECTIONS), 0);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_REQUESTS_ACTIVE), 0);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_BYTES_OUT), 5);
	ck_assert_uint_eq(counters_sum(&r, COUNTER_UPSTREAM_REUSES), 5);
	region_fini(&r);
}
END_TEST

START_TEST(reasons_are_summed)
{
	struct region r;

	fixture_region(&r, 2);
	counters_why(&r, 0, 7);
	counters_why(&r, 1, 7);
	counters_why(&r, 1, WHYS_MAX - 1);
	ck_assert_uint_eq(counters_why_sum(&r, 7), 2);
	ck_assert_uint_eq(counters_why_sum(&r, WHYS_MAX - 1), 1);
	ck_assert_uint_eq(counters_why_sum(&r, 0), 0);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("counters");

	tcase_add_test(tc, counters_are_summed);
	tcase_add_test(tc, only_gauges_die_with_a_worker);
	tcase_add_test(tc, reasons_are_summed);
	return fixture_run(tc, "counters");
}
