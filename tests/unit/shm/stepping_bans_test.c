/*
 * stepping_bans_test.c - kills a worker before each step of making a ban, while
 * another process does something just before any of them: bans the same
 * address, others that need its place, sweeps, lifts. Whatever the place: a ban
 * is made once, and in the end the address can be banned and has one place.
 */
#include <sys/mman.h>

#include "tests/unit/shm/stepping.h"

#include "shm/bans.c"
#include "shm/bans_list.c"
#include "shm/bans_place.c"
#include "shm/bans_rules.c"

#define S UINT64_C(1000000)
#define NOW (100 * S)
#define FULL 7 /* places that are taken before, one of them over */

static const struct ban_terms terms = {
	.time_us = 10 * S, .max_us = 60 * S, .factor = 2000, .by = 1
};

static struct addr address[BAN_WAYS + 4]; /* [0]: the one in question */
static struct region *other;              /* region of the meddler */
static _Atomic uint32_t *made;            /* bans of [0]; shared */

/* All in one set. */
static void
addresses_make(const struct region *r)
{
	uint32_t n = 0, set = 0;

	for (uint32_t i = 0; n < BAN_WAYS + 4; i++) {
		uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i };
		struct addr a;

		addr_from_bytes(ip, 4, 0, &a);
		if (i == 0)
			set = ban_key_set(r, ban_key(&a));
		if (ban_key_set(r, ban_key(&a)) == set)
			address[n++] = a;
	}
}

static void
ban_it(struct region *r)
{
	struct ban b;

	if (bans_add(r, &address[0], &terms, NOW, &b))
		atomic_fetch_add(made, 1);
}

/* ---- what the other process does meanwhile ---- */

static void
other_bans_it(void)
{
	ban_it(other);
}

static void
other_bans_others(void)
{
	struct ban b;

	for (uint32_t i = 0; i < 3; i++)
		(void)bans_add(
		    other, &address[BAN_WAYS + i], &terms, NOW + i, &b);
}

static void
other_sweeps(void)
{
	(void)bans_sweep(other, &terms, 1, NOW);
}

static void
other_sweeps_and_bans(void)
{
	other_sweeps();
	ban_it(other);
	other_sweeps();
}

static void (*const meddlings[])(void) = { other_bans_it, other_bans_others,
	other_sweeps, other_sweeps_and_bans };
#define MEDDLINGS (sizeof(meddlings) / sizeof(meddlings[0]))

static void (*meddling)(void);
static uint32_t steps_calm; /* 0: it does nothing */

static void
step_meddle(const char *name)
{
	/* So many loads are bans_test.c's. */
	if (strcmp(name, "ban_half") == 0)
		return;
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		meddling();
		shm_step_hook = step_meddle;
	}
	step_count(name);
}

static void
worker_acts(struct region *r)
{
	shm_step_hook = step_meddle;
	ban_it(r);
}

/* ---- the scene ---- */

static uint32_t before; /* places that are taken before; ban of [0] is over */

static void
scene_make(struct region *r)
{
	struct ban b;

	fixture_region(r, 2);
	addresses_make(r);
	other = r;
	atomic_store(made, 0);
	if (before == 0)
		return;
	/* Long over, so that it may be taken, or banned again. */
	(void)bans_add(r, &address[before == FULL ? 0 : 1], &terms, 1, &b);
	for (uint32_t i = 2; i <= before; i++)
		ck_assert(bans_add(
		    r, &address[i], &terms, NOW - i * BANS_UNIT_US, &b));
}

static uint32_t
places_of(const struct region *r, const struct addr *a)
{
	uint32_t n = 0;
	struct ban b;

	for (uint32_t i = 0; i < BANS_MAX; i++)
		n += bans_at(r, i, &b) && addr_eq(&b.addr, a);
	return n;
}

static void
scene_end(struct region *r)
{
	ck_assert_uint_le(atomic_load(made), 1);
	/* Whoever comes next makes it, if it was not made. */
	ban_it(r);
	ck_assert_uint_le(atomic_load(made), 1);
	ck_assert(bans_have(r, &address[0], NOW));
	ck_assert(bans_active(r));
	ck_assert_uint_eq(places_of(r, &address[0]), 1);
	ck_assert(!bans_have(r, &address[BAN_WAYS + 3], NOW));
	/* Nothing is lost: all places can be had. */
	ck_assert_uint_eq(bans_sweep(r, NULL, 0, 1000 * S), 0);
	for (uint32_t i = 0; i < BAN_WAYS; i++) {
		struct ban b;

		ck_assert(bans_add(r, &address[i], &terms, 1000 * S, &b));
	}
	region_fini(r);
}

/* Dies before step k, the other one acts before step `calm`. */
static bool
play(uint32_t k, uint32_t calm)
{
	struct region r;
	bool whole;

	scene_make(&r);
	steps_calm = calm;
	whole = run_killed(worker_acts, &r, k);
	scene_end(&r);
	return whole;
}

START_TEST(killed_anywhere)
{
	uint32_t places = 0;

	before = (uint32_t)_i % (FULL + 2);
	for (uint32_t k = 1; !play(k, 0); k++)
		places++;
	ck_assert_uint_gt(places, 8);
}
END_TEST

START_TEST(meddled_with_anywhere)
{
	uint32_t last = 0;

	before = (uint32_t)(_i / (int)MEDDLINGS) * FULL / 2;
	meddling = meddlings[(uint32_t)_i % MEDDLINGS];
	while (!play(++last, 0))
		continue;
	for (uint32_t calm = 1; calm < last; calm += STRIDE) {
		(void)play(0, calm);
		for (uint32_t k = calm; !play(k, calm); k += 1 + STRIDE)
			continue;
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_bans");

	made = mmap(NULL, sizeof(*made), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	tcase_set_timeout(tc, 600);
	tcase_add_loop_test(tc, killed_anywhere, 0, FULL + 2);
	tcase_add_loop_test(tc, meddled_with_anywhere, 0, 3 * (int)MEDDLINGS);
	return fixture_run(tc, "stepping_bans");
}
