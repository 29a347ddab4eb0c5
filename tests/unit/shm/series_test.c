/* Tests of series.c: merged over workers, in order, with an overflow. */
#include "shm/counters.h"
#include "tests/unit/shm/fixture.h"

static void
expect(const struct series_sum *s, enum series_kind kind, uint32_t a,
    uint32_t service, uint32_t method, uint32_t code, uint64_t count)
{
	ck_assert_int_eq((int)s->kind, (int)kind);
	ck_assert_uint_eq(s->a, a);
	ck_assert_uint_eq(s->service, service);
	ck_assert_uint_eq(s->method, method);
	ck_assert_uint_eq(s->code, code);
	ck_assert_uint_eq(s->count, count);
}

START_TEST(series_are_merged_in_order)
{
	struct region r;
	struct series_sum *sums;
	uint64_t lost;

	fixture_region(&r, 2);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), 0);
	free(sums);
	series_add(&r, 1, SERIES_UPSTREAM, 16383, 4095, 0, 599);
	series_add(&r, 0, SERIES_REQUEST, 131071, 7, 3, 200);
	series_add(&r, 0, SERIES_REQUEST, 2, 7, 3, 200);
	series_add(&r, 1, SERIES_REQUEST, 2, 7, 3, 200);
	series_add(&r, 1, SERIES_REQUEST, 2, 7, 3, 200);
	series_add(&r, 0, SERIES_REQUEST, 2, 7, 3, 100);
	series_add(&r, 0, SERIES_REQUEST, REGISTRY_NONE, REGISTRY_NONE, 0, 404);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), 5);
	ck_assert_uint_eq(lost, 0);
	expect(&sums[0], SERIES_REQUEST, 2, 7, 3, 100, 1);
	expect(&sums[1], SERIES_REQUEST, 2, 7, 3, 200, 3);
	expect(&sums[2], SERIES_REQUEST, 131071, 7, 3, 200, 1);
	expect(
	    &sums[3], SERIES_REQUEST, REGISTRY_NONE, REGISTRY_NONE, 0, 404, 1);
	expect(&sums[4], SERIES_UPSTREAM, 16383, 4095, 0, 599, 1);
	free(sums);
	region_fini(&r);
}
END_TEST

START_TEST(a_full_table_counts_what_it_loses)
{
	struct region r;
	struct series_sum *sums;
	uint64_t lost, total = 0;

	fixture_region(&r, 1);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t a = 0; a < SERIES_MAX + 100; a++)
			series_add(&r, 0, SERIES_REQUEST, a, 0, 1, 200);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), SERIES_MAX);
	ck_assert_uint_eq(lost, 200);
	for (uint32_t i = 0; i < SERIES_MAX; i++)
		total += sums[i].count;
	ck_assert_uint_eq(total, 2 * SERIES_MAX);
	free(sums);
	region_fini(&r);
}
END_TEST

/* A worker killed before the key was stored: its successor uses the place. */
START_TEST(half_a_series_is_none)
{
	struct region r;
	struct series_sum *sums;
	uint64_t lost;

	fixture_region(&r, 1);
	series_add(&r, 0, SERIES_REQUEST, 1, 1, 1, 200);
	for (uint32_t i = 0; i < SERIES_PLACES; i++)
		atomic_store(&r.state->series[0].entries[i].key, 0);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), 0);
	free(sums);
	series_add(&r, 0, SERIES_REQUEST, 1, 1, 1, 200);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), 1);
	ck_assert_uint_eq(sums[0].count, 1);
	free(sums);
	region_fini(&r);
}
END_TEST

/* Many labels of one row run over its line, and many rows over the end. */
START_TEST(neighbours_are_told_apart)
{
	struct region r;
	struct series_sum *sums;
	uint64_t lost;

	fixture_region(&r, 1);
	for (uint32_t a = 131060; a < 131072; a++)
		for (uint32_t code = 200; code < 220; code++)
			for (uint32_t i = 0; i < code - 199; i++)
				series_add(
				    &r, 0, SERIES_REQUEST, a, 3, 1, code);
	ck_assert_uint_eq(series_collect(&r, &sums, &lost), 12 * 20);
	for (uint32_t i = 0; i < 12 * 20; i++)
		expect(&sums[i], SERIES_REQUEST, 131060 + i / 20, 3, 1,
		    200 + i % 20, i % 20 + 1);
	free(sums);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("series");

	tcase_add_test(tc, series_are_merged_in_order);
	tcase_add_test(tc, a_full_table_counts_what_it_loses);
	tcase_add_test(tc, half_a_series_is_none);
	tcase_add_test(tc, neighbours_are_told_apart);
	return fixture_run(tc, "series");
}
