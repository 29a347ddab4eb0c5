/* Tests of histo.c: bounds are inclusive, rows do not mix, and sums are exact
 * whoever has a row of its own. */
#include "shm/histo.h"
#include "shm/histo_own.h"
#include "tests/unit/shm/fixture.h"

START_TEST(bounds_are_inclusive)
{
	struct region r;
	struct histo_sum sum;
	uint64_t total = 0;

	fixture_region(&r, 1);
	for (uint32_t b = 0; b < HISTO_BUCKETS - 1; b++) {
		uint64_t bound = histo_bounds_us[b];

		ck_assert(b == 0 || bound > histo_bounds_us[b - 1]);
		ck_assert_uint_eq(histo_bucket(bound), b);
		histo_add(&r, 0, HISTO_OVERHEAD, 0, 3, bound);
		histo_add(&r, 0, HISTO_OVERHEAD, 0, 3, bound + 1);
		total += 2 * bound + 1;
	}
	histo_add(&r, 0, HISTO_OVERHEAD, 0, 3, 0);
	histo_collect(&r, HISTO_OVERHEAD, 3, &sum);
	ck_assert_uint_eq(sum.buckets[0], 2);
	for (uint32_t b = 1; b < HISTO_BUCKETS - 1; b++)
		ck_assert_uint_eq(sum.buckets[b], 2);
	ck_assert_uint_eq(sum.buckets[HISTO_BUCKETS - 1], 1);
	ck_assert_uint_eq(sum.count, 2 * (HISTO_BUCKETS - 1) + 1);
	ck_assert_uint_eq(sum.sum_us, total);
	region_fini(&r);
}
END_TEST

/* Against a walk over all bounds. */
START_TEST(every_duration_has_its_bucket)
{
	for (uint64_t us = 0; us < 40000000; us += 1 + us / 1000) {
		uint32_t b = 0;

		while (b < HISTO_BUCKETS - 1 && histo_bounds_us[b] < us)
			b++;
		ck_assert_uint_eq(histo_bucket(us), b);
	}
	ck_assert_uint_eq(histo_bucket(UINT64_MAX), HISTO_BUCKETS - 1);
}
END_TEST

START_TEST(rows_do_not_mix)
{
	struct region r;
	struct histo_sum sum;

	fixture_region(&r, 2);
	histo_add(&r, 0, HISTO_REQUEST, 0, REGISTRY_NONE, 1);
	histo_add(&r, 0, HISTO_REQUEST, 1, 0, 2);
	histo_add(&r, 1, HISTO_REQUEST, 2, 0, 4);
	histo_add(&r, 1, HISTO_OVERHEAD, 0, 0, 8);
	histo_add(&r, 1, HISTO_UPSTREAM, 7, SERVICES_MAX - 1, 16);
	histo_collect(&r, HISTO_REQUEST, REGISTRY_NONE, &sum);
	ck_assert_uint_eq(sum.sum_us, 1);
	histo_collect(&r, HISTO_REQUEST, 0, &sum);
	ck_assert_uint_eq(sum.sum_us, 6);
	ck_assert_uint_eq(sum.count, 2);
	histo_collect(&r, HISTO_OVERHEAD, 0, &sum);
	ck_assert_uint_eq(sum.sum_us, 8);
	histo_collect(&r, HISTO_UPSTREAM, SERVICES_MAX - 1, &sum);
	ck_assert_uint_eq(sum.sum_us, 16);
	histo_collect(&r, HISTO_UPSTREAM, 0, &sum);
	ck_assert_uint_eq(sum.count, 0);
	region_fini(&r);
}
END_TEST

/* 40 routes where 32 may have a row: the sum over all is exact. */
START_TEST(what_has_no_row_goes_to_its_service)
{
	struct region r;
	struct histo_sum sum;
	uint64_t count = 0;

	fixture_region(&r, 2);
	histo_own_allow(&r, 32);
	for (uint32_t i = 0; i < 400; i++) {
		uint32_t row =
		    histo_add(&r, i % 2, HISTO_REQUEST, i % 40, i % 4, i);

		ck_assert_uint_eq(row, i % 40 < 32 ? i % 40 : HISTO_NONE);
	}
	ck_assert_uint_eq(histo_own_count(&r, HISTO_REQUEST), 32);
	ck_assert_uint_eq(histo_own_count(&r, HISTO_UPSTREAM), 0);
	for (uint32_t row = 0; row < 32; row++) {
		histo_collect_own(&r, HISTO_REQUEST, row, &sum);
		ck_assert_uint_eq(sum.count, 10);
		count += sum.count;
	}
	for (uint32_t s = 0; s < 4; s++) {
		histo_collect(&r, HISTO_REQUEST, s, &sum);
		ck_assert_uint_eq(sum.count, 20);
		count += sum.count;
	}
	ck_assert_uint_eq(count, 400);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("histo");

	tcase_add_test(tc, bounds_are_inclusive);
	tcase_add_test(tc, every_duration_has_its_bucket);
	tcase_add_test(tc, rows_do_not_mix);
	tcase_add_test(tc, what_has_no_row_goes_to_its_service);
	return fixture_run(tc, "histo");
}
