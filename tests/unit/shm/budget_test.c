/* Tests of budget.c: how many retries are allowed, and when they are again. */
#include "shm/budget.h"

#include <signal.h>

#include "shm/slots.h"
#include "tests/unit/shm/fixture.h"

#define S 7
#define SECOND UINT64_C(1000000)

static struct region region;

static void
setup(void)
{
	fixture_region(&region, 4);
}

static void
teardown(void)
{
	region_fini(&region);
}

static void
requests(uint32_t w, uint32_t n, uint64_t second)
{
	for (uint32_t i = 0; i < n; i++)
		budget_request(&region, w, S, second * SECOND);
}

/* How many of n are allowed. */
static uint32_t
retries(uint32_t n, uint32_t share, uint32_t minimum, uint64_t second)
{
	struct budget b = { share, minimum };
	uint32_t allowed = 0;

	for (uint32_t i = 0; i < n; i++)
		allowed +=
		    budget_retry(&region, S, &b, second * SECOND + 999999);
	return allowed;
}

START_TEST(a_share_of_all_workers)
{
	ck_assert_uint_eq(retries(9, 200, 0, 5), 0);
	for (uint32_t w = 0; w < 4; w++)
		requests(w, 10, 5);
	ck_assert_uint_eq(retries(100, 200, 0, 5), 8);
	/* Another service has its own. */
	ck_assert(
	    !budget_retry(&region, S + 1, &(struct budget){ 200, 0 }, SECOND));
	requests(3, 4, 5);
	ck_assert_uint_eq(retries(100, 200, 0, 5), 0);
	requests(2, 1, 5);
	ck_assert_uint_eq(retries(100, 200, 0, 5), 1);
	/* A share above 1, and one that was changed. */
	ck_assert_uint_eq(retries(1000, 1500, 0, 5), 67 - 9);
	ck_assert_uint_eq(retries(1000, 100, 0, 5), 0);
}
END_TEST

START_TEST(the_minimum_is_no_more_than_that)
{
	ck_assert_uint_eq(retries(100, 200, 10, 5), 10);
	requests(0, 45, 5);
	ck_assert_uint_eq(retries(100, 200, 10, 5), 0);
	requests(0, 10, 5);
	ck_assert_uint_eq(retries(100, 200, 10, 5), 1);
	/* Ten seconds later. */
	ck_assert_uint_eq(retries(100, 200, 10, 14), 0);
	ck_assert_uint_eq(retries(100, 200, 10, 15), 10);
}
END_TEST

START_TEST(the_window_slides_by_seconds)
{
	requests(0, 100, 20);
	requests(1, 50, 24);
	ck_assert_uint_eq(retries(5, 100, 0, 24), 5);
	ck_assert_uint_eq(retries(100, 100, 0, 25), 10);
	/* The first requests are forgotten; the retries are not. */
	ck_assert_uint_eq(retries(100, 100, 0, 30), 0);
	requests(0, 110, 33);
	ck_assert_uint_eq(retries(100, 100, 0, 33), 1);
	/* Those of 24 are. */
	ck_assert_uint_eq(retries(100, 100, 0, 34), 0);
	ck_assert_uint_eq(retries(100, 100, 0, 35), 10);
	/* A long silence. */
	requests(0, 20, 1000000);
	ck_assert_uint_eq(retries(100, 100, 0, 1000000), 2);
}
END_TEST

START_TEST(a_clock_that_is_behind)
{
	requests(0, 100, 50);
	ck_assert_uint_eq(retries(3, 100, 0, 50), 3);
	/* That of a worker whose turn is long. */
	ck_assert_uint_eq(retries(100, 100, 0, 41), 7);
	ck_assert_uint_eq(retries(100, 100, 0, 30), 0);
	ck_assert_uint_eq(retries(100, 100, 0, 50), 0);
}
END_TEST

START_TEST(deaths_change_nothing)
{
	requests(1, 100, 9);
	ck_assert_uint_eq(retries(5, 100, 0, 9), 5);
	slot_settle(&region, 1, SIGKILL);
	ck_assert_uint_eq(retries(100, 100, 0, 9), 5);
}
END_TEST

/* ---- against a plain account ---- */

#define SECONDS 2000
static uint32_t asked[SECONDS], given[SECONDS];

static uint32_t
sum(const uint32_t *of, uint32_t second)
{
	uint32_t n = 0;

	for (uint32_t s = second >= 9 ? second - 9 : 0; s <= second; s++)
		n += of[s];
	return n;
}

static uint64_t random_state = 42;

static uint32_t
below(uint32_t n)
{
	random_state += 0x9e3779b97f4a7c15u;
	return (uint32_t)(hash_u64(random_state) % n);
}

static void
model_step(uint32_t second, uint32_t share, uint32_t minimum)
{
	uint32_t n = below(30);

	requests(below(4), n, second);
	asked[second] += n;
	n = below(20);
	for (uint32_t i = 0; i < n; i++) {
		uint32_t most = sum(asked, second) * share / 1000;

		if (most < minimum)
			most = minimum;
		ck_assert_uint_eq(retries(1, share, minimum, second),
		    sum(given, second) < most);
		given[second] += sum(given, second) < most;
	}
}

/* Steps of 0 to 3 seconds, now and then of many. */
START_TEST(as_a_plain_account)
{
	uint32_t second = 0, taken = 0;

	while (second < SECONDS) {
		model_step(second, 250, 4);
		second += below(50) == 0 ? below(60) : below(4);
	}
	for (uint32_t s = 0; s < SECONDS; s++)
		taken += given[s];
	ck_assert_uint_gt(taken, SECONDS);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("budget");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_share_of_all_workers);
	tcase_add_test(tc, the_minimum_is_no_more_than_that);
	tcase_add_test(tc, the_window_slides_by_seconds);
	tcase_add_test(tc, a_clock_that_is_behind);
	tcase_add_test(tc, deaths_change_nothing);
	tcase_add_test(tc, as_a_plain_account);
	return fixture_run(tc, "budget");
}
