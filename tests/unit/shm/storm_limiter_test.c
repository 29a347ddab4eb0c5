/*
 * storm_limiter_test.c - four workers that charge the same few keys, under
 * random kills: with a place for every key, never more than the rate allows,
 * and no charge is lost but one with each death; with more keys than places, no
 * more than was forgotten beside.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define KEYS_MAX 12
#define START 1000

static const struct limiter_rate rate = { .each_us = 40, .burst = 5 };

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t now_us;
	_Atomic uint64_t taken[KEYS_MAX], refused;
};
static struct weather *weather;
static uint32_t keys; /* of this storm */

/* All in one set. */
static uint64_t
key(uint64_t n)
{
	return (n + 1) << LIMIT_TAG_SHIFT | 5;
}

static void
worker_live(struct region *r, uint32_t w)
{
	uint64_t wait_us;

	(void)w;
	while (atomic_load(&weather->stop) == 0) {
		uint32_t i = random_below(keys);

		/* Time goes on when many were refused. */
		if (random_below(8) == 0)
			atomic_fetch_add(&weather->now_us, 1);
		if (limiter_take(r, LIMITER_ADDRESS, key(i), &rate,
			atomic_load(&weather->now_us), &wait_us))
			atomic_fetch_add(&weather->taken[i], 1);
		else
			atomic_fetch_add(&weather->refused, 1);
		if (keys > LIMITER_WAYS && random_below(500) == 0)
			limiter_sweep(r, atomic_load(&weather->now_us));
	}
}

/* What may have been taken of one key in all that time. */
static uint64_t
most(void)
{
	uint64_t now_us = atomic_load(&weather->now_us);
	return (now_us - START) / rate.each_us + rate.burst;
}

static void
places_check(const struct region *r)
{
	struct limit l =
	    limit_make(r, LIMITER_ADDRESS, key(0), weather->now_us);

	for (uint64_t k = 0; k < keys; k++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < LIMITER_WAYS; i++)
			n += limit_is_of(l.word[i], k + 1) &&
			    limit_state(l.word[i]) == LIMIT_LIVE;
		ck_assert_uint_le(n, 1);
	}
}

static uint64_t
taken_sum(void)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < keys; i++) {
		uint64_t taken = atomic_load(&weather->taken[i]);

		if (keys <= LIMITER_WAYS)
			ck_assert_uint_le(taken, most());
		sum += taken;
	}
	return sum;
}

static void
storm_over(uint32_t n, uint32_t kills)
{
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = slot_settle };

	keys = n;
	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	atomic_store(&weather->now_us, START);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	places_check(&r);
	uint64_t sum = taken_sum();
	uint64_t evicted = limiter_evicted(&r, LIMITER_ADDRESS);
	printf("storm: %u kills, %ju taken of %ju, %ju refused, "
	       "%ju evicted\n",
	    kills, (uintmax_t)sum, (uintmax_t)(keys * most()),
	    (uintmax_t)atomic_load(&weather->refused), (uintmax_t)evicted);
	ck_assert_uint_gt(sum, kills);
	ck_assert_uint_gt(atomic_load(&weather->refused), kills);
	if (keys <= LIMITER_WAYS) {
		ck_assert_uint_eq(evicted, 0);
		/* What is left in the buckets, and what the dead took. */
		ck_assert_uint_ge(
		    sum + kills + keys * (rate.burst + 1), keys * most());
	} else {
		ck_assert_uint_gt(evicted, 0);
		ck_assert_uint_le(
		    sum, keys * most() + (evicted + kills) * rate.burst);
	}
	region_fini(&r);
}

START_TEST(a_storm_with_a_place_for_each)
{
	storm_over(LIMITER_WAYS, storm_kills(1000));
}
END_TEST

START_TEST(a_storm_with_too_many)
{
	storm_over(KEYS_MAX, storm_kills(1000));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_limiter");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_with_a_place_for_each);
	tcase_add_test(tc, a_storm_with_too_many);
	return fixture_run(tc, "storm_limiter");
}
