/* Tests of histo.c: bounds are inclusive, rows do not mix. */
#include "shm/histo.h"
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
		histo_add(&r, 0, HISTO_REQUEST, 3, bound);
		histo_add(&r, 0, HISTO_REQUEST, 3, bound + 1);
		total += 2 * bound + 1;
	}
	histo_add(&r, 0, HISTO_REQUEST, 3, 0);
	histo_collect(&r, HISTO_REQUEST, 3, &sum);
	ck_assert_uint_eq(sum.buckets[0], 2);
	for (uint32_t b = 1; b < HISTO_BUCKETS - 1; b++)
		ck_assert_uint_eq(sum.buckets[b], 2);
	ck_assert_uint_eq(sum.buckets[HISTO_BUCKETS - 1], 1);
	ck_assert_uint_eq(sum.count, 2 * (HISTO_BUCKETS - 1) + 1);
	ck_assert_uint_eq(sum.sum_us, total);
	region_fini(&r);
}
END_TEST

START_TEST(rows_do_not_mix)
{
	struct region r;
	struct histo_sum sum;

	fixture_region(&r, 2);
	histo_add(&r, 0, HISTO_REQUEST, REGISTRY_NONE, 1);
	histo_add(&r, 0, HISTO_REQUEST, 0, 2);
	histo_add(&r, 1, HISTO_REQUEST, 0, 4);
	histo_add(&r, 1, HISTO_OVERHEAD, 0, 8);
	histo_add(&r, 1, HISTO_UPSTREAM, SERVICES_MAX - 1, 16);
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

int
main(void)
{
	TCase *tc = tcase_create("histo");

	tcase_add_test(tc, bounds_are_inclusive);
	tcase_add_test(tc, rows_do_not_mix);
	return fixture_run(tc, "histo");
}
