/*
 * storm_budget_test.c - four workers that send requests and want most of them
 * sent again, under random kills: never more than the share of what was asked,
 * and hardly less.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define S 1
#define START UINT64_C(40000000)

static const struct budget fifth = { .share = 200 };

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t now_us;
	_Atomic uint64_t asked, taken, refused;
};
static struct weather *weather;

static void
worker_live(struct region *r, uint32_t w)
{
	while (atomic_load(&weather->stop) == 0) {
		/* A clock is as old as the turn that it was read in. */
		uint64_t now_us =
		    atomic_fetch_add(&weather->now_us, random_below(2000));

		for (uint32_t n = random_below(40); n != 0; n--) {
			atomic_fetch_add(&weather->asked, 1);
			budget_request(r, w, S, now_us);
			if (random_below(4) == 0)
				continue;
			if (budget_retry(r, S, &fifth, now_us))
				atomic_fetch_add(&weather->taken, 1);
			else
				atomic_fetch_add(&weather->refused, 1);
		}
	}
}

START_TEST(a_storm)
{
	uint32_t kills = storm_kills(1000);
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = slot_settle };
	uint64_t asked, taken, made;

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	atomic_store(&weather->now_us, START);
	fixture_region(&r, WORKERS);
	storm_run(&s, kills, &weather->stop);
	asked = atomic_load(&weather->asked);
	taken = atomic_load(&weather->taken);
	made = stamp_count(atomic_load(&r.state->retries[S].made));
	printf("storm: %u kills, %ju requests, %ju sent again, %ju refused, "
	       "in %ju s\n",
	    kills, (uintmax_t)asked, (uintmax_t)taken,
	    (uintmax_t)atomic_load(&weather->refused),
	    (uintmax_t)((atomic_load(&weather->now_us) - START) / 1000000));
	/* Who was killed had it, or not: one each. */
	ck_assert_uint_ge(made, taken);
	ck_assert_uint_le(made, taken + kills + WORKERS);
	ck_assert_uint_le(made, asked / 5);
	ck_assert_uint_ge(made + kills, asked / 5 * 9 / 10);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_budget");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm);
	return fixture_run(tc, "storm_budget");
}
