/*
 * Tests of balance.c where breakers are open: such an endpoint is not chosen,
 * by any need, until it is to be tried again.
 */
#include "shm/breaker.h"
#include "tests/unit/worker/origin/balance_kit.h"

#define ALONE_US UINT64_C(1000000)

static const struct breaker_rule guarding = { .failures = 1,
	.successes = 2,
	.probes = 2,
	.minimum = 1,
	.open_us = ALONE_US,
	.slow_us = 1,
	.window_us = 1000000 };
static const struct breaker_outcome bad = { .failed = true,
	.cause = CAUSE_RESET };
static const struct breaker_outcome good = { 0 };

static void
begin_guarded(void)
{
	begin();
	ck_assert(permits_init(&env.permits, &region, 0));
	ask.breaker = &guarding;
}

static void
end_guarded(void)
{
	permits_fini(&env.permits);
	end();
}

/* One more is let through to endpoint n. */
static bool
admit(uint32_t n, struct breaker_pass *pass)
{
	uint64_t wait_us;

	return breaker_admit(&env.permits, BREAKER_OF_ENDPOINT(index_of(n)),
	    &guarding, clock_now().us, false, pass, &wait_us);
}

static void
result(uint32_t n, struct breaker_pass pass, const struct breaker_outcome *how)
{
	breaker_result(&env.permits, BREAKER_OF_ENDPOINT(index_of(n)),
	    &guarding, &pass, how, clock_now().us);
}

static void
open_one(uint32_t n)
{
	struct breaker_pass pass;

	ck_assert(admit(n, &pass));
	result(n, pass, &bad);
}

/* What is open is due. */
static void
grow_old(void)
{
	own_us += 2 * ALONE_US;
	clock_update();
}

START_TEST(an_open_one_gets_nothing)
{
	uint32_t hits[8];

	begin_guarded();
	publish(3, 0);
	open_one(2);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 0);
		ck_assert_uint_gt(hits[1], 0);
		ck_assert_uint_gt(hits[3], 0);
		/* Not even when there is no other. */
		ck_assert_uint_ne(pick(), 2);
		ck_assert_uint_ne(pick(), 2);
		ck_assert_uint_eq(pick(), 0);
		ask.tried.count = 0;
	}
	end_guarded();
}
END_TEST

START_TEST(no_panic_opens_it)
{
	uint32_t hits[8];

	begin_guarded();
	publish(4, 0);
	open_one(1);
	for (uint32_t n = 2; n <= 4; n++)
		sick(n, true);
	ask.panic_threshold = 100;
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		picks(hits, 300);
		ck_assert_uint_eq(hits[0] + hits[1], 0);
		ck_assert_uint_gt(hits[3], 0);
	}
	for (uint32_t n = 2; n <= 4; n++)
		open_one(n);
	ck_assert_uint_eq(pick(), 0);
	end_guarded();
}
END_TEST

/* Of those that are left half are healthy: that is enough. */
START_TEST(an_open_one_is_not_counted)
{
	uint32_t hits[8];

	begin_guarded();
	publish(4, 0);
	open_one(1);
	open_one(3);
	sick(2, true);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		picks(hits, 100);
		ck_assert_uint_eq(hits[4], 100);
	}
	end_guarded();
}
END_TEST

START_TEST(backups_step_in)
{
	uint32_t hits[8];

	begin_guarded();
	publish(2, 1);
	open_one(1);
	open_one(2);
	picks(hits, 100);
	ck_assert_uint_eq(hits[3], 100);
	end_guarded();
}
END_TEST

START_TEST(where_none_is_minded)
{
	uint32_t hits[8];

	begin_guarded();
	publish(3, 0);
	open_one(2);
	/* By turns, and what was worked out for one is not for the other. */
	for (uint32_t n = 0; n < 3; n++) {
		ask.breaker = NULL;
		picks(hits, 300);
		ck_assert_uint_gt(hits[2], 0);
		ask.breaker = &guarding;
		picks(hits, 300);
		ck_assert_uint_eq(hits[2], 0);
	}
	end_guarded();
}
END_TEST

START_TEST(better_than_none)
{
	uint32_t hits[8];

	begin_guarded();
	publish(2, 0);
	open_one(1);
	ask.bypass = true;
	picks(hits, 100);
	ck_assert_uint_eq(hits[2], 100);
	open_one(2);
	picks(hits, 100);
	ck_assert_uint_eq(hits[0], 0);
	ck_assert_uint_gt(hits[1], 0);
	ck_assert_uint_gt(hits[2], 0);
	ask.bypass = false;
	ck_assert_uint_eq(pick(), 0);
	end_guarded();
}
END_TEST

START_TEST(what_is_due_is_tried)
{
	struct breaker_pass passes[2];
	uint32_t hits[8];

	begin_guarded();
	publish(2, 0);
	for (uint32_t a = 0; a < IMG_BALANCE_COUNT; a++) {
		ask.algorithm = a;
		open_one(1);
		/* Those that failed are slow, to p2c. */
		calls(1, 2, BALANCE_FAILED);
		picks(hits, 100);
		ck_assert_uint_eq(hits[1], 0);
		grow_old();
		picks(hits, 100);
		ck_assert_uint_gt(hits[1], 0);
		/* All that is wanted is on its way: no more goes there. */
		ck_assert(admit(1, &passes[0]) && admit(1, &passes[1]));
		picks(hits, 100);
		ck_assert_uint_eq(hits[1], 0);
		result(1, passes[0], &good);
		picks(hits, 100);
		ck_assert_uint_eq(hits[1], 0);
		/* One of which nothing is known leaves room. */
		breaker_abandon(&env.permits, &passes[1]);
		picks(hits, 100);
		ck_assert_uint_gt(hits[1], 0);
		ck_assert(admit(1, &passes[1]));
		result(1, passes[1], &good);
		picks(hits, 100);
		ck_assert_uint_gt(hits[2], 0);
		calls(1, 1, BALANCE_ANSWERED);
	}
	end_guarded();
}
END_TEST

START_TEST(why_there_is_none)
{
	struct breaker_pass passes[2];
	uint64_t us;

	begin_guarded();
	publish(3, 0);
	ck_assert(!balance_barred(balance, &ask, &us));
	open_one(1);
	open_one(2);
	ck_assert(!balance_barred(balance, &ask, &us));
	/* One that is closed by hand is not the reason. */
	close_one(3);
	ck_assert(balance_barred(balance, &ask, &us));
	ck_assert_uint_gt(us, ALONE_US / 2);
	ck_assert_uint_le(us, ALONE_US + 125000);
	/* Tried or not. */
	ask.tried.index[ask.tried.count++] = index_of(1);
	ck_assert(balance_barred(balance, &ask, &us));
	ask.bypass = true;
	ck_assert(!balance_barred(balance, &ask, &us));
	ask.bypass = false;
	grow_old();
	ck_assert(!balance_barred(balance, &ask, &us));
	ck_assert(admit(1, &passes[0]) && admit(1, &passes[1]));
	ck_assert(!balance_barred(balance, &ask, &us));
	close_one(2);
	ck_assert(balance_barred(balance, &ask, &us));
	ck_assert_uint_eq(us, 0); /* nobody knows */
	close_one(1);
	ck_assert(!balance_barred(balance, &ask, &us));
	end_guarded();
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("balance_breaker");

	tcase_add_test(tc, an_open_one_gets_nothing);
	tcase_add_test(tc, no_panic_opens_it);
	tcase_add_test(tc, an_open_one_is_not_counted);
	tcase_add_test(tc, backups_step_in);
	tcase_add_test(tc, where_none_is_minded);
	tcase_add_test(tc, better_than_none);
	tcase_add_test(tc, what_is_due_is_tried);
	tcase_add_test(tc, why_there_is_none);
	return fixture_run(tc, "balance_breaker");
}
