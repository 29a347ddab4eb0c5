/*
 * stepping_budget_test.c - kills who takes retries before each of its stores,
 * and lets others act just before one: what was granted is counted, and what
 * is counted was granted, or its taker has died.
 */
#include "tests/unit/shm/stepping.h"

#define S 3
#define SECOND UINT64_C(1000000)

static const struct budget half = { .share = 500 };

static void
requests(const struct region *r, uint32_t n, uint64_t second)
{
	for (uint32_t i = 0; i < n; i++)
		budget_request(r, 0, S, second * SECOND);
}

static uint32_t
retries(const struct region *r, uint32_t n, uint64_t second)
{
	uint32_t allowed = 0;

	for (uint32_t i = 0; i < n; i++)
		allowed += budget_retry(r, S, &half, second * SECOND);
	return allowed;
}

static uint32_t
made(const struct region *r)
{
	return (uint32_t)stamp_count(atomic_load(&r->state->retries[S].made));
}

/* ---- deaths ---- */

static void
worker_retries(struct region *r)
{
	retries(r, 2, 100);
	retries(r, 1, 104);
	retries(r, 1, 117);
	retries(r, 1, 502);
}

START_TEST(killed_at_each_store)
{
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		struct region r;
		uint32_t so_far;

		fixture_region(&r, 2);
		requests(&r, 8, 100);
		requests(&r, 8, 117);
		requests(&r, 8, 502);
		done = run_killed(worker_retries, &r, k);
		so_far = made(&r);
		ck_assert_uint_le(so_far, 5);
		ck_assert(!done || (k > 30 && so_far == 5));
		/* Four in each of the windows, whoever took them. */
		if (so_far < 3)
			ck_assert_uint_eq(retries(&r, 9, 104), 4 - so_far);
		if (so_far < 4)
			ck_assert_uint_eq(retries(&r, 9, 117), 4);
		ck_assert_uint_eq(retries(&r, 9, 502), so_far == 5 ? 3 : 4);
		region_fini(&r);
	}
}
END_TEST

/* ---- others are faster ---- */

static const struct region *rival_region;
static const char *rival_step;
static uint32_t rival_skip;
static uint32_t (*rival)(const struct region *r);
static uint32_t rival_got;

static void
rival_acts(const char *name)
{
	if (strcmp(name, rival_step) != 0 || rival_skip-- != 0)
		return;
	shm_step_hook = NULL;
	rival_got = rival(rival_region);
}

static uint32_t
rival_takes_all(const struct region *r)
{
	return retries(r, 9, 100);
}

/* By then all that the other one has seen is of another time. */
static uint32_t
rival_is_a_round_on(const struct region *r)
{
	requests(r, 8, 100 + 2 * BUDGET_MARKS);
	return retries(r, 3, 100 + 2 * BUDGET_MARKS);
}

static uint32_t
rival_is_a_second_on(const struct region *r)
{
	return retries(r, 3, 101);
}

START_TEST(nothing_is_granted_twice)
{
	static uint32_t (*const rivals[])(const struct region *r) = {
		rival_takes_all, rival_is_a_round_on, rival_is_a_second_on
	};
	static const uint32_t left[] = { 0, 1, 1 };

	for (uint32_t i = 0; i < 3; i++) {
		for (uint32_t k = 0; k < 10; k++) {
			struct region r;

			fixture_region(&r, 2);
			requests(&r, 8, 100);
			ck_assert_uint_eq(retries(&r, i == 1, 99), 0);
			rival_region = &r;
			rival = rivals[i];
			rival_step = k == 0 ? "B2" : "B1";
			rival_skip = k == 0 ? 0 : k - 1;
			shm_step_hook = rival_acts;
			ck_assert_uint_eq(retries(&r, 1, 100), left[i]);
			ck_assert(shm_step_hook == NULL);
			ck_assert_uint_eq(made(&r), rival_got + left[i]);
			ck_assert_uint_eq(retries(&r, 9, 101), 0);
			region_fini(&r);
		}
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_budget");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, killed_at_each_store);
	tcase_add_test(tc, nothing_is_granted_twice);
	return fixture_run(tc, "stepping_budget");
}
