/*
 * stepping_histo_test.c - kills whoever takes a histogram of its own before
 * each store, and lets many take the same ones at once: nobody gets two, no row
 * is lost, and there are as many as may be.
 */
#include "tests/unit/shm/stepping.h"

#include "shm/histo_own.c"

#define KEYS 8

static void
take_all(struct region *r)
{
	for (uint32_t a = 0; a < KEYS; a++)
		(void)histo_own_row(r, HISTO_REQUEST, a, a % 3);
}

/* Who comes later, in another order. */
static void
check_rows(const struct region *r, uint32_t keys, uint32_t max)
{
	uint32_t others = 0, a, service;

	for (uint32_t i = keys; i-- > 0;)
		others +=
		    histo_own_row(r, HISTO_REQUEST, i, i % 3) == HISTO_NONE;
	ck_assert_uint_eq(histo_own_count(r, HISTO_REQUEST), max);
	ck_assert_uint_eq(others, keys - max);
	for (uint32_t row = 0; row < max; row++) {
		histo_own_of(r, HISTO_REQUEST, row, &a, &service);
		ck_assert_uint_eq(service, a % 3);
		ck_assert_uint_eq(
		    histo_own_row(r, HISTO_REQUEST, a, service), row);
	}
}

START_TEST(whoever_dies_leaves_no_trace)
{
	struct region r;
	bool done = false;
	uint32_t k = 1;

	for (; !done; k++) {
		fixture_region(&r, 2);
		histo_own_allow(&r, KEYS - 2);
		done = run_killed(take_all, &r, k);
		check_rows(&r, KEYS, KEYS - 2);
		region_fini(&r);
	}
	ck_assert_uint_gt(k, (KEYS - 2) * 3);
}
END_TEST

#define STORM_KEYS 900
#define STORM_MAX 600
#define STORM_WORKERS 4

/* Each begins elsewhere, so that all are after the same rows. */
static void
storm_take(const struct region *r, uint32_t w)
{
	for (uint32_t i = 0; i < STORM_KEYS; i++) {
		uint32_t a = (i + w * 7) % STORM_KEYS;

		(void)histo_own_row(r, HISTO_REQUEST, a, a % 3);
	}
}

START_TEST(many_at_once_take_each_row_once)
{
	pid_t pids[STORM_WORKERS];
	struct region r;
	int status;

	fixture_region(&r, STORM_WORKERS);
	histo_own_allow(&r, STORM_MAX);
	for (uint32_t w = 0; w < STORM_WORKERS; w++) {
		pids[w] = fork();
		ck_assert_int_ge(pids[w], 0);
		if (pids[w] == 0) {
			storm_take(&r, w);
			_exit(0);
		}
	}
	for (uint32_t w = 0; w < STORM_WORKERS; w++) {
		ck_assert_int_eq(waitpid(pids[w], &status, 0), pids[w]);
		ck_assert_int_eq(status, 0);
	}
	check_rows(&r, STORM_KEYS, STORM_MAX);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_histo");

	tcase_add_test(tc, whoever_dies_leaves_no_trace);
	tcase_add_test(tc, many_at_once_take_each_row_once);
	return fixture_run(tc, "stepping_histo");
}
