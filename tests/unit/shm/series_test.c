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

/* More routes than there is room for, of two services: no request is lost. */
START_TEST(a_full_table_folds_what_has_no_place)
{
	struct region r;
	struct series_sum *sums;
	uint64_t folded, total = 0, other = 0;
	uint32_t n;

	fixture_region(&r, 1);
	for (uint32_t round = 0; round < 2; round++)
		for (uint32_t a = 0; a < SERIES_MAX + 100; a++)
			series_add(&r, 0, SERIES_REQUEST, a, a % 2, 1, 200);
	n = series_collect(&r, &sums, &folded);
	ck_assert_uint_eq(folded, 2 * (2048 + 100));
	ck_assert_uint_eq(n, SERIES_MAX - 2048 + 2);
	for (uint32_t i = 0; i < n; i++) {
		total += sums[i].count;
		if (sums[i].a == SERIES_OTHER)
			expect(&sums[i], SERIES_REQUEST, SERIES_OTHER,
			    (uint32_t)other++, 1, 200, 2048 + 100);
	}
	ck_assert_uint_eq(other, 2);
	ck_assert_uint_eq(total, 2 * (SERIES_MAX + 100));
	free(sums);
	region_fini(&r);
}
END_TEST

/* Nor when even the codes of the others are too many. */
START_TEST(the_last_places_take_all_that_is_left)
{
	struct region r;
	struct series_sum *sums;
	uint64_t folded, total = 0;
	uint32_t n;

	fixture_region(&r, 1);
	for (uint32_t a = 0; a < SERIES_MAX; a++)
		series_add(&r, 0, SERIES_REQUEST, a, 0, 1, 200);
	for (uint32_t s = 0; s < SERVICES_MAX; s++)
		for (uint32_t code = 0; code < 1000; code += 99)
			series_add(&r, 0, SERIES_UPSTREAM, s, s, 0, code);
	n = series_collect(&r, &sums, &folded);
	for (uint32_t i = 0; i < n; i++)
		total += sums[i].count;
	ck_assert_uint_eq(total, SERIES_MAX + SERVICES_MAX * 11);
	expect(&sums[n - 1], SERIES_UPSTREAM, SERIES_OTHER, SERIES_OTHER, 0,
	    900, sums[n - 1].count);
	ck_assert_uint_gt(sums[n - 1].count, 0);
	ck_assert_uint_le(n, SERIES_MAX);
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

/* What is found at once stays so, however many labels its neighbours have. */
START_TEST(a_row_keeps_its_line)
{
	struct shm_series_entry *line;
	struct region r;
	uint32_t there = 0;

	fixture_region(&r, 1);
	for (uint32_t code = 200; code < 240; code++)
		series_add(&r, 0, SERIES_REQUEST, 1, 3, 1, code);
	series_add(&r, 0, SERIES_REQUEST, 2, 3, 1, 200);
	line = &r.state->series[0].entries[SERIES_PLACES / 4 + 2 * 4];
	for (uint32_t i = 0; i < 4; i++)
		there += line[i].key != 0;
	ck_assert_uint_eq(there, 1);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("series");

	tcase_add_test(tc, series_are_merged_in_order);
	tcase_add_test(tc, a_full_table_folds_what_has_no_place);
	tcase_add_test(tc, the_last_places_take_all_that_is_left);
	tcase_add_test(tc, half_a_series_is_none);
	tcase_add_test(tc, neighbours_are_told_apart);
	tcase_add_test(tc, a_row_keeps_its_line);
	return fixture_run(tc, "series");
}
