/*
 * storm_limiter_test.c - four workers that charge the same few keys, under
 * random kills: with a place for every key, never more than the limit allows,
 * and no charge is lost but one with each death; with more keys than places, no
 * more than was forgotten beside. Time stands still in each worker for a while,
 * as it does in a turn, so that some are behind, but never by as much as nobody
 * may be: it goes on for all when the last one does.
 *
 * And in a calm, in ten million tries: exactly as many as there may be.
 *
 * STORM_KILLS: how many (300).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define KEYS_MAX 12
#define WINDOWS_MAX 65536
#define PERIOD (4 * LIMITER_TICK_US)
#define START PERIOD
#define END_US ((uint64_t)PERIOD * (WINDOWS_MAX - 2))
#define STEP_US 64 /* how far time goes at once */
#define BEHIND_US (LIMITER_BEHIND_US / 2)
#define COUNT 8
#define TRIES 2500000 /* of each worker, in a calm */

static const struct limiter_rate rates[] = {
	{ .kind = LIMITER_BUCKET, .each_ns = 10000000, .burst = COUNT },
	{ .kind = LIMITER_FIXED, .count = COUNT, .period_us = PERIOD },
	{ .kind = LIMITER_SLIDING, .count = COUNT, .period_us = PERIOD },
};

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t now_us;
	_Atomic uint64_t at_us[WORKERS]; /* not before it, in each */
	_Atomic uint64_t taken[KEYS_MAX], refused, refunds;
	_Atomic int32_t in_window[WINDOWS_MAX][KEYS_MAX];
};
static struct weather *weather;
static const struct limiter_rate *rate;
static uint32_t keys; /* of this storm */
static bool calm;     /* nobody dies, and nothing is given back */

/* All in one set. */
static struct limiter_key
key(uint64_t n)
{
	return (struct limiter_key){ .hash = (n + 1) << CELL_TAG_SHIFT | 5 };
}

/* Where it is counted: a clock that is behind takes part in a later window. */
static _Atomic int32_t *
tally(uint32_t i, uint64_t now_us, const struct limiter_left *left)
{
	uint64_t window = 0;

	if (rate->kind != LIMITER_BUCKET)
		window = (now_us + left->reset_us) / PERIOD;
	if (window >= WINDOWS_MAX)
		wrong("too many windows");
	return &weather->in_window[window][i];
}

static void
worker_takes(struct region *r, uint32_t i, uint64_t now_us)
{
	struct limiter_key k = key(i);
	struct limiter_left left;

	if (!limiter_take(r, LIMITER_ADDRESS, &k, rate, now_us, &left)) {
		atomic_fetch_add(&weather->refused, 1);
		return;
	}
	atomic_fetch_add(&weather->taken[i], 1);
	atomic_fetch_add(tally(i, now_us, &left), 1);
	if (calm || random_below(16) != 0)
		return;
	atomic_fetch_add(&weather->refunds, 1);
	atomic_fetch_sub(&weather->taken[i], 1);
	atomic_fetch_sub(tally(i, now_us, &left), 1);
	limiter_refund(r, LIMITER_ADDRESS, &k, rate, now_us);
}

/* Somebody may not have got on for as long as that, or has been killed. */
static bool
one_is_far_behind(uint64_t now_us)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		if (atomic_load(&weather->at_us[w]) + BEHIND_US < now_us)
			return true;
	return false;
}

static uint64_t
time_look(uint32_t w)
{
	uint64_t now_us = atomic_load(&weather->now_us);

	atomic_store(&weather->at_us[w], now_us);
	return now_us;
}

static void
worker_lives(struct region *r, uint32_t w, uint64_t tries)
{
	uint64_t now_us = time_look(w);

	for (; tries != 0 && atomic_load(&weather->stop) == 0; tries--) {
		if (random_below(4) == 0)
			now_us = time_look(w);
		if (random_below(8) == 0 && now_us < END_US &&
		    !one_is_far_behind(now_us))
			atomic_fetch_add(&weather->now_us, STEP_US);
		worker_takes(r, random_below(keys), now_us);
		if (keys > LIMITER_WAYS && random_below(500) == 0)
			limiter_sweep(r, LIMITER_ADDRESS, now_us);
	}
	atomic_store(&weather->at_us[w], END_US);
}

static void
worker_live(struct region *r, uint32_t w)
{
	worker_lives(r, w, UINT64_MAX);
}

/* What may have been taken of one key in all that time. */
static uint64_t
most(void)
{
	uint64_t us = atomic_load(&weather->now_us) - START;

	if (rate->kind == LIMITER_BUCKET)
		return us * 1000 / rate->each_ns + COUNT;
	return (us / PERIOD + 1) * COUNT;
}

static void
places_check(const struct region *r)
{
	struct limit l =
	    limit_make(r, LIMITER_ADDRESS, key(0).hash, weather->now_us);

	for (uint64_t k = 0; k < keys; k++) {
		uint32_t n = 0;

		for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
			struct cell o = limit_read(&l, i);

			n += cell_is_of(o.hi, k + 1) &&
			    cell_state(&o) == CELL_LIVE;
		}
		ck_assert_uint_le(n, 1);
	}
}

/* Exactly as many as may be, in every window. */
static void
windows_check(void)
{
	uint64_t last = atomic_load(&weather->now_us) / PERIOD;
	uint64_t full = 0;

	for (uint64_t w = 0; w < WINDOWS_MAX; w++)
		for (uint32_t i = 0; i < keys; i++) {
			int32_t n = atomic_load(&weather->in_window[w][i]);

			ck_assert_int_le(n, COUNT);
			full += n == COUNT;
		}
	if (rate->kind == LIMITER_FIXED)
		ck_assert_uint_gt(full, (last - 1) * keys * 9 / 10);
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
sums_check(const struct region *r, uint32_t kills)
{
	uint64_t sum = taken_sum();
	uint64_t refunds = atomic_load(&weather->refunds);
	uint64_t evicted = limiter_evicted(r, LIMITER_ADDRESS);

	printf("storm: %u kills, %ju taken of %ju, %ju refused, "
	       "%ju evicted\n",
	    kills, (uintmax_t)sum, (uintmax_t)(keys * most()),
	    (uintmax_t)atomic_load(&weather->refused), (uintmax_t)evicted);
	ck_assert_uint_gt(sum, kills);
	ck_assert_uint_gt(atomic_load(&weather->refused), kills);
	if (keys > LIMITER_WAYS) {
		ck_assert_uint_gt(evicted, 0);
		ck_assert_uint_le(
		    sum, keys * most() + (evicted + kills) * COUNT);
		return;
	}
	ck_assert_uint_eq(evicted, 0);
	if (rate->kind != LIMITER_BUCKET)
		windows_check();
	/* What is left to be taken, what the dead took, and what was given
	 * back to a window that was over. */
	if (rate->kind != LIMITER_SLIDING)
		ck_assert_uint_ge(
		    sum + kills + refunds + keys * 2 * COUNT, keys * most());
}

static void
weather_begin(struct region *r, uint32_t n)
{
	keys = n;
	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	atomic_store(&weather->now_us, START);
	fixture_region(r, WORKERS);
}

static void
weather_end(struct region *r)
{
	region_fini(r);
	munmap(weather, sizeof(*weather));
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

	weather_begin(&r, n);
	storm_run(&s, kills, &weather->stop);
	places_check(&r);
	sums_check(&r, kills);
	weather_end(&r);
}

static void
workers_run(struct region *r)
{
	for (uint32_t w = 0; w < WORKERS; w++) {
		pid_t pid = fork();

		ck_assert_int_ge(pid, 0);
		if (pid != 0)
			continue;
		random_state = w + 1;
		worker_lives(r, w, TRIES);
		_exit(0);
	}
	for (uint32_t w = 0; w < WORKERS; w++) {
		int status;

		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
}

/* All windows but the last one are full, and none is more than that. */
static void
calm_check(void)
{
	uint64_t last = atomic_load(&weather->now_us) / PERIOD;

	for (uint64_t w = 1; w <= last; w++)
		for (uint32_t i = 0; i < keys; i++) {
			int32_t n = atomic_load(&weather->in_window[w + 1][i]);

			ck_assert_int_le(n, COUNT);
			ck_assert_int_ge(n, w == last ? 0 : COUNT);
		}
}

START_TEST(a_calm)
{
	struct region r;

	rate = &rates[_i];
	calm = true;
	weather_begin(&r, LIMITER_WAYS);
	workers_run(&r);
	places_check(&r);
	uint64_t sum = taken_sum(), all = keys * most();
	printf("calm: %ju taken of %ju, %ju refused\n", (uintmax_t)sum,
	    (uintmax_t)all, (uintmax_t)atomic_load(&weather->refused));
	if (rate->kind == LIMITER_BUCKET)
		ck_assert_uint_ge(sum + keys, all);
	if (rate->kind == LIMITER_FIXED)
		calm_check();
	if (rate->kind == LIMITER_SLIDING)
		windows_check();
	weather_end(&r);
}
END_TEST

START_TEST(a_storm_with_a_place_for_each)
{
	rate = &rates[_i];
	storm_over(LIMITER_WAYS, storm_kills(300));
}
END_TEST

START_TEST(a_storm_with_too_many)
{
	rate = &rates[_i];
	storm_over(KEYS_MAX, storm_kills(300));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_limiter");

	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, a_calm, 0, 3);
	tcase_add_loop_test(tc, a_storm_with_a_place_for_each, 0, 3);
	tcase_add_loop_test(tc, a_storm_with_too_many, 0, 3);
	return fixture_run(tc, "storm_limiter");
}
