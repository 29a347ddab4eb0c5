/*
 * storm_families_test.c - four workers that all come with the same turns, of
 * families that need more places than there are, under random kills. A turn
 * takes place once, whatever becomes of those that compete for it.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define FAMILIES 9 /* in one set of 8 places */
#define LIVES_MAX 262144
#define TURNS 16
#define LIFE_S 4000

/* One family after the other, of the same number. */
struct line {
	_Atomic uint64_t now; /* {life:32, turn that is out:32} */
	_Atomic uint8_t taken[LIVES_MAX][TURNS];
};

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic int64_t now_s;
	_Atomic uint64_t taken, reused, unknown, begun, full;
	struct line line[FAMILIES];
};
static struct weather *weather;

static uint64_t
key(uint32_t family, uint64_t life)
{
	uint64_t n = life * FAMILIES + family + 1;
	return (n << 16 | 7) << 32 | (n << 16 & UINT32_MAX) | 7;
}

static void
life_begin(const struct region *r, uint32_t w, uint32_t i, uint64_t now)
{
	struct line *l = &weather->line[i];
	uint64_t next = ((now >> 32) + 1) << 32;
	int64_t now_s = atomic_load(&weather->now_s);

	/* A life is one process's to begin: the swap says whose. */
	if (next >> 32 == LIVES_MAX ||
	    !atomic_compare_exchange_strong(&l->now, &now, next))
		return;
	if (families_begin(r, w, key(i, next >> 32), now_s, now_s + LIFE_S))
		atomic_fetch_add(&weather->begun, 1);
	else
		atomic_fetch_add(&weather->full, 1);
}

static void
life_turn(const struct region *r, uint32_t w)
{
	uint32_t i = random_below(FAMILIES);
	struct line *l = &weather->line[i];
	uint64_t now = atomic_load(&l->now);
	uint64_t life = now >> 32;
	uint32_t turn = (uint32_t)now;

	switch (families_turn(
	    r, key(i, life), turn, atomic_load(&weather->now_s))) {
	case FAMILY_OK:
		if (atomic_fetch_add(&l->taken[life][turn], 1) != 0)
			wrong("a turn took place twice");
		atomic_fetch_add(&weather->taken, 1);
		if (turn + 1 < TURNS) {
			atomic_compare_exchange_strong(&l->now, &now, now + 1);
			return;
		}
		break;
	case FAMILY_REUSED:
		atomic_fetch_add(&weather->reused, 1);
		break;
	case FAMILY_UNKNOWN:
		atomic_fetch_add(&weather->unknown, 1);
		if (random_below(1000) != 0)
			return;
		break;
	case FAMILY_REVOKED:
		break;
	}
	life_begin(r, w, i, now);
}

static void
worker_live(struct region *r, uint32_t w)
{
	while (atomic_load(&weather->stop) == 0) {
		life_turn(r, w);
		atomic_fetch_add(&weather->now_s, 1);
	}
}

START_TEST(a_storm_over_families)
{
	uint32_t kills = storm_kills(1000), n = 0;
	struct region r;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = slot_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	atomic_store(&weather->now_s, 1);
	storm_run(&s, kills, &weather->stop);
	printf("storm: %u kills, %ju turns, %ju reused, %ju unknown, "
	       "%ju begun, %ju full\n",
	    kills, (uintmax_t)atomic_load(&weather->taken),
	    (uintmax_t)atomic_load(&weather->reused),
	    (uintmax_t)atomic_load(&weather->unknown),
	    (uintmax_t)atomic_load(&weather->begun),
	    (uintmax_t)atomic_load(&weather->full));
	ck_assert_uint_gt(atomic_load(&weather->taken), kills);
	ck_assert_uint_gt(atomic_load(&weather->reused), kills / 10);
	ck_assert_uint_gt(atomic_load(&weather->full), kills / 10);
	/* No place is lost. */
	int64_t end_s = atomic_load(&weather->now_s) + LIFE_S;
	while (families_begin(&r, 0, key(0, LIVES_MAX + n), end_s, end_s + 1))
		n++;
	ck_assert_uint_eq(n, FAMILY_WAYS);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_families");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_families);
	return fixture_run(tc, "storm_families");
}
