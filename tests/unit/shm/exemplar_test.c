/* Tests of exemplar.c: the last of a bucket, whole or not at all. */
#include "shm/exemplar.h"
#include "shm/histo_own.h"
#include "tests/unit/shm/fixture.h"

static const struct exemplar first = { .trace_id = { 1, 2, 3, [15] = 16 },
	.us = 900,
	.wall_us = 1600000000000000 };

START_TEST(the_last_one_is_kept)
{
	struct exemplar e = first, got;
	struct region r;

	fixture_region(&r, 1);
	ck_assert(!exemplar_get(&r, 3, 6, &got));
	exemplar_add(&r, 3, &e);
	e.trace_id[0] = 9;
	e.us = 1000;
	exemplar_add(&r, 3, &e);
	ck_assert_uint_eq(histo_bucket(900), 6);
	ck_assert(exemplar_get(&r, 3, 6, &got));
	ck_assert_mem_eq(got.trace_id, e.trace_id, sizeof(e.trace_id));
	ck_assert_uint_eq(got.us, 1000);
	ck_assert_int_eq(got.wall_us, e.wall_us);
	ck_assert(!exemplar_get(&r, 3, 7, &got));
	ck_assert(!exemplar_get(&r, 2, 6, &got));
	region_fini(&r);
}
END_TEST

/* Whoever wrote it died, or another one did at the same time. */
START_TEST(half_a_one_is_none)
{
	struct exemplar got;
	struct region r;

	fixture_region(&r, 1);
	exemplar_add(&r, 0, &first);
	r.state->exemplars.row[0][6].trace[1] ^= 1;
	ck_assert(!exemplar_get(&r, 0, 6, &got));
	exemplar_add(&r, 0, &first);
	ck_assert(exemplar_get(&r, 0, 6, &got));
	region_fini(&r);
}
END_TEST

START_TEST(without_a_row_there_is_none)
{
	struct exemplar got;
	struct region r;

	fixture_region(&r, 1);
	exemplar_add(&r, HISTO_NONE, &first);
	ck_assert_uint_eq(r.state->exemplars.any, 0);
	ck_assert(!exemplar_get(&r, HISTO_NONE, 6, &got));
	ck_assert(!exemplar_get(&r, 0, HISTO_BUCKETS, &got));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("exemplar");

	tcase_add_test(tc, the_last_one_is_kept);
	tcase_add_test(tc, half_a_one_is_none);
	tcase_add_test(tc, without_a_row_there_is_none);
	return fixture_run(tc, "exemplar");
}
