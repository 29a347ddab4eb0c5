/*
 * limiter_test.c - how often something may happen: to the microsecond, over a
 * few months, in crowded sets, and whoever dies at whatever store.
 */
#include "tests/unit/shm/stepping.h"

#define NOW UINT64_C(5000000)
#define A LIMITER_ADDRESS

static const struct limiter_rate rate = { .each_us = 1000, .burst = 3 };

/* All in one set. */
static uint64_t
key(uint64_t n)
{
	return (n + 1) << LIMIT_TAG_SHIFT | 5;
}

/* How long to wait; 0: taken. */
static uint64_t
take(const struct region *r, uint64_t k, uint64_t now_us)
{
	uint64_t wait_us;
	bool taken = limiter_take(r, A, k, &rate, now_us, &wait_us);

	ck_assert_int_eq(taken, wait_us == 0);
	return wait_us;
}

/* Takes all that there are. */
static uint32_t
take_all(const struct region *r, uint64_t k, uint64_t now_us)
{
	uint32_t n = 0;

	while (take(r, k, now_us) == 0)
		n++;
	return n;
}

static uint32_t
places(const struct region *r, uint64_t k, enum limit_state state)
{
	struct limit l = limit_make(r, A, k, NOW);
	uint32_t n = 0;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		uint64_t o = atomic_load(&l.word[i]);

		n += state == LIMIT_EMPTY
		    ? limit_state(o) == LIMIT_EMPTY
		    : limit_is_of(o, l.tag) && limit_state(o) == state;
	}
	return n;
}

START_TEST(a_rate_is_kept)
{
	struct region r;

	fixture_region(&r, 1);
	ck_assert_uint_eq(take_all(&r, key(1), NOW), 3);
	ck_assert_uint_eq(take(&r, key(1), NOW), 1000);
	ck_assert_uint_eq(take(&r, key(1), NOW + 999), 1);
	ck_assert_uint_eq(take(&r, key(1), NOW + 1000), 0);
	ck_assert_uint_eq(take(&r, key(1), NOW + 1000), 1000);
	ck_assert_uint_eq(take_all(&r, key(1), NOW + 3500), 2);
	ck_assert_uint_eq(take(&r, key(1), NOW + 3500), 500);
	ck_assert_uint_eq(take_all(&r, key(1), NOW + 1000000), 3);
	/* Another key, and the same one in the other table. */
	ck_assert_uint_eq(take_all(&r, key(2), NOW), 3);
	uint64_t wait_us;
	ck_assert(
	    limiter_take(&r, LIMITER_IDENTITY, key(1), &rate, NOW, &wait_us));
	ck_assert_uint_eq(places(&r, key(1), LIMIT_LIVE), 1);
	region_fini(&r);
}
END_TEST

START_TEST(what_is_given_back_can_be_taken)
{
	struct region r;

	fixture_region(&r, 1);
	limiter_refund(&r, A, key(1), &rate, NOW);
	ck_assert_uint_eq(take_all(&r, key(1), NOW), 3);
	limiter_refund(&r, A, key(1), &rate, NOW);
	ck_assert_uint_eq(take_all(&r, key(1), NOW), 1);
	/* Never more than the burst. */
	for (int i = 0; i < 10; i++)
		limiter_refund(&r, A, key(1), &rate, NOW + 500);
	ck_assert_uint_eq(take_all(&r, key(1), NOW + 500), 3);
	limiter_refund(&r, A, key(9), &rate, NOW);
	ck_assert_uint_eq(places(&r, key(9), LIMIT_LIVE), 0);
	region_fini(&r);
}
END_TEST

START_TEST(a_limit_changes)
{
	const struct limiter_rate less = { .each_us = 100, .burst = 2 };
	const struct limiter_rate more = { .each_us = 1000, .burst = 5 };
	struct region r;
	uint64_t wait_us;

	fixture_region(&r, 1);
	ck_assert_uint_eq(take_all(&r, key(1), NOW), 3);
	/* One full bucket is spent, not 30. */
	ck_assert(!limiter_take(&r, A, key(1), &less, NOW, &wait_us));
	ck_assert_uint_eq(wait_us, 100);
	ck_assert(limiter_take(&r, A, key(1), &less, NOW + 3000, &wait_us));
	ck_assert_uint_eq(take_all(&r, key(2), NOW), 3);
	ck_assert(limiter_take(&r, A, key(2), &more, NOW, &wait_us));
	ck_assert(limiter_take(&r, A, key(2), &more, NOW, &wait_us));
	ck_assert(!limiter_take(&r, A, key(2), &more, NOW, &wait_us));
	region_fini(&r);
}
END_TEST

/* A month's quota, whenever it begins: the clock in a word comes round. */
START_TEST(months_are_counted)
{
	const uint64_t day = UINT64_C(24) * 3600 * 1000000, month = 31 * day;
	const struct limiter_rate quota = { .each_us = month / 1000,
		.burst = 1000 };
	const struct limiter_rate ages = { UINT64_MAX, UINT32_MAX };
	struct region r;
	uint64_t wait_us, now;

	fixture_region(&r, 1);
	for (uint64_t n = 0; n < 12; n++) {
		uint32_t taken = 0;

		now = n * 10 * day + 7;
		while (limiter_take(&r, A, key(n % 2), &quota, now, &wait_us))
			taken++;
		/* 20 days have passed since it was last asked for. */
		ck_assert_uint_ge(taken, n < 2 ? 1000 : 645);
		ck_assert_uint_le(taken, n < 2 ? 1000 : 646);
		ck_assert_uint_le(wait_us, quota.each_us);
		limiter_sweep(&r, now);
	}
	ck_assert(limiter_take(&r, A, key(7), &ages, now, &wait_us));
	ck_assert(!limiter_take(&r, A, key(7), &ages, now, &wait_us));
	ck_assert(
	    !limiter_take(&r, A, key(7), &ages, now + 79 * day, &wait_us));
	ck_assert_uint_eq(wait_us, day);
	ck_assert(limiter_take(&r, A, key(7), &ages, now + 80 * day, &wait_us));
	/* A worker whose clock is a little behind sees no other time. */
	ck_assert(!limiter_take(
	    &r, A, key(7), &ages, now + 80 * day - 5000, &wait_us));
	region_fini(&r);
}
END_TEST

START_TEST(the_nearest_to_its_end_gives_way)
{
	struct region r;

	fixture_region(&r, 1);
	for (uint64_t i = 0; i < LIMITER_WAYS; i++)
		for (uint64_t k = 0; k <= i % 3; k++)
			ck_assert_uint_eq(take(&r, key(i), NOW), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 0);
	ck_assert_uint_eq(take(&r, key(100), NOW), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 1);
	ck_assert_uint_eq(places(&r, key(0), LIMIT_LIVE), 0);
	for (uint64_t i = 1; i < LIMITER_WAYS; i++)
		ck_assert_uint_eq(places(&r, key(i), LIMIT_LIVE), 1);
	/* Whose time is over goes unnoticed. */
	ck_assert_uint_eq(take(&r, key(101), NOW + 1000), 0);
	ck_assert_uint_eq(limiter_evicted(&r, A), 1);
	ck_assert_uint_eq(limiter_evicted(&r, LIMITER_IDENTITY), 0);
	/* Those who have spent most are known still. */
	ck_assert_uint_eq(take(&r, key(2), NOW), 1000);
	ck_assert_uint_eq(take(&r, key(5), NOW), 1000);
	region_fini(&r);
}
END_TEST

START_TEST(the_sweep_frees_what_is_over)
{
	struct stat before, after;
	struct region r;

	fixture_region(&r, 1);
	ck_assert_int_eq(fstat(r.state_fd, &before), 0);
	limiter_sweep(&r, NOW);
	limiter_refund(&r, A, key(1), &rate, NOW);
	ck_assert_int_eq(fstat(r.state_fd, &after), 0);
	/* But for the pages that say where something is. */
	ck_assert_int_le(after.st_blocks - before.st_blocks, 16);
	take_all(&r, key(1), NOW);
	take(&r, key(2), NOW);
	limiter_sweep(&r, NOW + 999);
	ck_assert_uint_eq(places(&r, 0, LIMIT_EMPTY), LIMITER_WAYS);
	ck_assert_uint_eq(places(&r, key(2), LIMIT_LIVE), 1);
	limiter_sweep(&r, NOW + 1000);
	ck_assert_uint_eq(places(&r, key(2), LIMIT_LIVE), 0);
	ck_assert_uint_eq(places(&r, key(1), LIMIT_LIVE), 1);
	ck_assert_uint_eq(take(&r, key(1), NOW), 1000);
	limiter_sweep(&r, NOW + 3000);
	ck_assert_uint_eq(places(&r, key(1), LIMIT_EMPTY), LIMITER_WAYS);
	ck_assert_uint_eq(take_all(&r, key(1), NOW + 3000), 3);
	region_fini(&r);
}
END_TEST

/* ---- kills and meddling ---- */

static struct region *limiting;
static uint32_t steps_calm; /* 0: nobody meddles */

static void
other_acts(struct region *r)
{
	take(r, key(0), NOW);
	take(r, key(1), NOW);
	limiter_refund(r, A, key(1), &rate, NOW);
	limiter_sweep(r, NOW);
	take(r, key(2), NOW);
	take(r, key(3), NOW);
}

static void
step_meddle(const char *name)
{
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		other_acts(limiting);
		shm_step_hook = step_meddle;
	}
	step_count(name);
}

static void
worker_acts(struct region *r)
{
	shm_step_hook = step_meddle;
	take(r, key(0), NOW);
	take(r, key(1), NOW);
	take(r, key(0), NOW);
	limiter_refund(r, A, key(0), &rate, NOW);
	take(r, key(2), NOW); /* in the place of another, if one is full */
	take(r, key(1), NOW);
}

/* Others leave two places, or none. */
static void
scene_make(struct region *r, bool full)
{
	fixture_region(r, 1);
	limiting = r;
	for (uint64_t i = 0; i < LIMITER_WAYS - (full ? 0 : 2); i++)
		take_all(r, key(50 + i), NOW);
}

/* Each key has one place, whose account is within its limits. */
static void
scene_end(struct region *r)
{
	for (uint64_t i = 0; i < 4; i++) {
		ck_assert_uint_le(places(r, key(i), LIMIT_LIVE), 1);
		ck_assert_uint_le(take_all(r, key(i), NOW), 3);
		ck_assert_uint_eq(places(r, key(i), LIMIT_LIVE), 1);
		ck_assert_uint_eq(places(r, key(i), LIMIT_PENDING), 0);
		ck_assert_uint_eq(take(r, key(i), NOW), 1000);
	}
	limiter_sweep(r, NOW + 3000);
	ck_assert_uint_eq(places(r, 0, LIMIT_EMPTY), LIMITER_WAYS);
	region_fini(r);
}

START_TEST(a_worker_is_killed)
{
	struct region r;
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		for (uint32_t calm = 0; calm <= k; calm++) {
			scene_make(&r, _i != 0);
			steps_calm = calm;
			done = run_killed(worker_acts, &r, k);
			scene_end(&r);
		}
		ck_assert(!done || k > 10);
	}
}
END_TEST

/* The charges of both are counted, wherever the second one comes between. */
START_TEST(two_charge_one_key)
{
	struct region r;

	for (uint32_t calm = 1; calm < 30; calm++) {
		fixture_region(&r, 1);
		limiting = &r;
		steps_calm = calm;
		shm_step_hook = step_meddle;
		ck_assert_uint_eq(take(&r, key(0), NOW), 0);
		ck_assert_uint_eq(take(&r, key(0), NOW), 0);
		shm_step_hook = NULL;
		ck_assert_uint_eq(
		    take_all(&r, key(0), NOW), steps_calm == 0 ? 0 : 1);
		region_fini(&r);
	}
}
END_TEST

/* Just before K1: a lower place is freed, and another one takes it. */
static void
step_overtake(const char *name)
{
	if (strcmp(name, "K1") != 0)
		return;
	shm_step_hook = NULL;
	limiter_sweep(limiting, NOW);
	ck_assert_uint_eq(take(limiting, key(0), NOW), 0);
}

START_TEST(two_claim_places_for_one_key)
{
	struct region r;

	fixture_region(&r, 1);
	limiting = &r;
	take(&r, key(50), NOW - 5000); /* in the lowest, and over */
	shm_step_hook = step_overtake;
	ck_assert_uint_eq(take(&r, key(0), NOW), 0);
	shm_step_hook = NULL;
	limiter_sweep(&r, NOW);
	ck_assert_uint_eq(places(&r, key(0), LIMIT_LIVE), 1);
	ck_assert_uint_eq(places(&r, key(0), LIMIT_PENDING), 0);
	ck_assert_uint_eq(take_all(&r, key(0), NOW), 1);
	region_fini(&r);
}
END_TEST

/* What place 5 becomes when another one has that state with the same key. */
static enum limit_state
promoted(struct limit *l, uint32_t other, enum limit_state state)
{
	uint64_t mine = limit_pending(l->tag, 9);

	atomic_store(&l->word[5], mine);
	atomic_store(&l->word[other],
	    state == LIMIT_LIVE ? limit_live(l->tag, NOW)
				: limit_pending(l->tag, 7));
	limit_promote(l, 5, mine);
	if (state == LIMIT_PENDING && other > 5)
		ck_assert_int_eq(limit_state(l->word[other]), LIMIT_EMPTY);
	else
		ck_assert_int_eq(limit_state(l->word[other]), state);
	atomic_store(&l->word[other], 0);
	return limit_state(l->word[5]);
}

START_TEST(one_of_two_places_counts)
{
	struct region r;

	fixture_region(&r, 1);
	struct limit l = limit_make(&r, A, key(1), NOW);
	ck_assert_int_eq(promoted(&l, 2, LIMIT_LIVE), LIMIT_EMPTY);
	ck_assert_int_eq(promoted(&l, 7, LIMIT_LIVE), LIMIT_EMPTY);
	ck_assert_int_eq(promoted(&l, 2, LIMIT_PENDING), LIMIT_EMPTY);
	ck_assert_int_eq(promoted(&l, 7, LIMIT_PENDING), LIMIT_LIVE);
	/* Who looked round before the place was claimed anew is too late. */
	uint64_t old = limit_pending(l.tag, 9);
	atomic_store(&l.word[5], limit_empty(old));
	ck_assert(limit_swap(
	    &l, 5, limit_empty(old), limit_pending(l.tag, limit_empty(old))));
	limit_promote(&l, 5, old);
	ck_assert_int_eq(limit_state(l.word[5]), LIMIT_PENDING);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("limiter");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_rate_is_kept);
	tcase_add_test(tc, what_is_given_back_can_be_taken);
	tcase_add_test(tc, a_limit_changes);
	tcase_add_test(tc, months_are_counted);
	tcase_add_test(tc, the_nearest_to_its_end_gives_way);
	tcase_add_test(tc, the_sweep_frees_what_is_over);
	tcase_add_loop_test(tc, a_worker_is_killed, 0, 2);
	tcase_add_test(tc, two_charge_one_key);
	tcase_add_test(tc, two_claim_places_for_one_key);
	tcase_add_test(tc, one_of_two_places_counts);
	return fixture_run(tc, "limiter");
}
