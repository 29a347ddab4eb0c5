/*
 * storm_bans_test.c - four workers that ban the same addresses, and a master
 * that sweeps, under random kills: of an address no two bans hold at the same
 * time, nobody else is banned, and no place is lost. Half of the addresses have
 * a set for themselves, the other half are more than fit into one.
 *
 * STORM_KILLS: how many (500).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#include "shm/bans.c"
#include "shm/bans_list.c"
#include "shm/bans_place.c"
#include "shm/bans_rules.c"

#define WORKERS 4
#define MASTER WORKERS
#define ALONE 6    /* addresses in a set that has room for them */
#define CROWDED 12 /* in one that has not */
#define ADDRESSES (ALONE + CROWDED)
#define TICKS 4 /* that a ban holds */

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint32_t tick; /* the time, in BANS_UNIT_US */
	/* {from:32, until:32} of the last ban, in ticks. */
	_Atomic uint64_t last[ALONE];
	_Atomic uint64_t tries, made, looks;
};
static struct weather *weather;
static uint32_t least; /* bans, however slowly they are made */
static struct addr address[ADDRESSES], innocent;

static const struct ban_terms terms = { .time_us = TICKS * BANS_UNIT_US,
	.max_us = TICKS * BANS_UNIT_US,
	.factor = 1000,
	.by = 1 };

static void
addresses_make(const struct region *r)
{
	uint32_t n[2] = { 0, ALONE }, set[2] = { 0 };
	uint32_t most[2] = { ALONE, ADDRESSES };

	for (uint32_t i = 0; n[0] < most[0] || n[1] < most[1]; i++) {
		uint8_t ip[4] = { 10, (uint8_t)(i >> 16), (uint8_t)(i >> 8),
			(uint8_t)i };
		struct addr a;

		addr_from_bytes(ip, 4, 0, &a);
		if (i < 2)
			set[i] = ban_key_set(r, ban_key(&a));
		for (int k = 0; k < 2; k++)
			if (ban_key_set(r, ban_key(&a)) == set[k] &&
			    n[k] < most[k])
				address[n[k]++] = a;
	}
	ck_assert(addr_parse_ip(SLICE_LIT("192.0.2.1"), &innocent));
}

static uint64_t
now_us(void)
{
	return (uint64_t)atomic_load(&weather->tick) * BANS_UNIT_US;
}

/* Its time and that of the one before, or after, have nothing in common. */
static void
ban_made(uint32_t i, uint64_t from_us, const struct ban *b)
{
	uint32_t from = (uint32_t)(from_us / BANS_UNIT_US);
	uint32_t until = (uint32_t)(b->until_us / BANS_UNIT_US);
	uint64_t last =
	    atomic_exchange(&weather->last[i], (uint64_t)from << 32 | until);

	atomic_fetch_add(&weather->made, 1);
	if (from < (uint32_t)last && (uint32_t)(last >> 32) < until)
		wrong("two bans of an address hold");
}

static void
worker_live(struct region *r)
{
	while (atomic_load(&weather->stop) == 0 ||
	    atomic_load(&weather->made) < least) {
		uint32_t i = random_below(ADDRESSES);
		uint64_t now = now_us();
		struct ban b;

		if (bans_add(r, &address[i], &terms, now, &b) && i < ALONE)
			ban_made(i, now, &b);
		if (bans_have(r, &innocent, now))
			wrong("an innocent is banned");
		if (i < ALONE && !bans_have(r, &address[i], now) &&
		    now_us() == now)
			wrong("a ban does not hold");
		if (atomic_fetch_add(&weather->tries, 1) % 64 == 0)
			atomic_fetch_add(&weather->tick, 1);
	}
}

static void
master_live(struct region *r)
{
	while (atomic_load(&weather->stop) == 0)
		(void)bans_sweep(r, &terms, 1, now_us());
}

static void
process_live(struct region *r, uint32_t who)
{
	if (who == MASTER)
		master_live(r);
	else
		worker_live(r);
}

static void
process_settle(struct region *r, uint32_t who, int status)
{
	if (who != MASTER)
		slot_settle(r, who, status);
}

START_TEST(a_storm_over_bans)
{
	uint32_t kills = storm_kills(500), n = 0;
	struct region r;
	struct ban b;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + 1,
		.live = process_live,
		.settle = process_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	addresses_make(&r);
	atomic_store(&weather->tick, 1);
	least = kills + 1;
	storm_run(&s, kills, &weather->stop);
	printf("storm: %u kills, %ju tries, %ju bans made, %ju dropped\n",
	    kills, (uintmax_t)atomic_load(&weather->tries),
	    (uintmax_t)atomic_load(&weather->made),
	    (uintmax_t)bans_dropped(&r));
	ck_assert_uint_gt(atomic_load(&weather->made), kills);
	ck_assert_uint_gt(bans_dropped(&r), kills);
	/* No place is lost. */
	ck_assert_uint_eq(bans_sweep(&r, NULL, 0, now_us() + 3600000000), 0);
	ck_assert(!bans_active(&r));
	for (uint32_t i = ALONE; i < ADDRESSES; i++)
		n += bans_add(&r, &address[i], &terms, now_us(), &b);
	ck_assert_uint_eq(n, BAN_WAYS);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_bans");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_bans);
	return fixture_run(tc, "storm_bans");
}
