/*
 * storm_keyed_test.c - four workers that take and drop permits of few keys,
 * which need more places than there are, under random kills. Who is inside is
 * counted beside the table, as in storm_permit_test.c.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define KEYS 4
#define ROOM 3 /* places that the bystander leaves for them */
#define MAX 1
#define HELD_MAX 1
#define FIELD_BITS 16 /* of each worker in `inside`: one load sees all */

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t taken, refused, uncounted;
	_Atomic uint64_t inside[KEYS];
};
static struct weather *weather;

/* All in one set. */
static uint64_t
key(uint64_t n)
{
	return (n + 1) << TAG_SHIFT | 5;
}

struct held {
	uint32_t key, ticket;
};

struct life {
	struct permits permits;
	uint64_t me; /* one, in its field */
	struct held held[HELD_MAX];
	uint32_t count;
};

static uint32_t
inside_sum(uint64_t fields)
{
	uint32_t sum = 0;

	for (; fields != 0; fields >>= FIELD_BITS)
		sum += (uint32_t)(fields & ((1u << FIELD_BITS) - 1));
	return sum;
}

static void
life_take(struct life *l)
{
	uint32_t i = random_below(KEYS), ticket;

	switch (keyed_take(&l->permits, key(i), MAX, &ticket)) {
	case KEYED_TAKEN:
		if (inside_sum(atomic_fetch_add(&weather->inside[i], l->me)) >=
		    MAX)
			wrong("more are inside than may be");
		shm_step_hook("inside");
		atomic_fetch_add(&weather->taken, 1);
		l->held[l->count++] = (struct held){ i, ticket };
		break;
	case KEYED_REFUSED:
		atomic_fetch_add(&weather->refused, 1);
		break;
	case KEYED_UNCOUNTED:
		atomic_fetch_add(&weather->uncounted, 1);
		break;
	}
}

static void
life_drop(struct life *l)
{
	struct held *h = &l->held[random_below(l->count)];

	atomic_fetch_sub(&weather->inside[h->key], l->me);
	permit_drop(&l->permits, h->ticket);
	*h = l->held[--l->count];
}

/* Places change hands: between any two steps others get on. */
static void
step_late(const char *name)
{
	if (random_below(4) == 0) {
		struct timespec late = { 0, (long)random_below(5000) };
		nanosleep(&late, NULL);
	}
	step_random(name);
}

/* What it holds in the end is left to the keeper. */
static void
worker_live(struct region *r, uint32_t w)
{
	struct life l = { .me = UINT64_C(1) << w * FIELD_BITS };

	shm_step_hook = step_late;
	if (!permits_init(&l.permits, r, w))
		wrong("memory");
	while (atomic_load(&weather->stop) == 0) {
		if (l.count == 0 || (l.count < HELD_MAX && random_below(2)))
			life_take(&l);
		else
			life_drop(&l);
	}
}

static void
worker_settle(struct region *r, uint32_t w, int status)
{
	uint64_t field = ((UINT64_C(1) << FIELD_BITS) - 1) << w * FIELD_BITS;

	for (uint32_t i = 0; i < KEYS; i++)
		atomic_fetch_and(&weather->inside[i], ~field);
	slot_settle(r, w, status);
}

START_TEST(a_storm_over_keys)
{
	struct region r;
	struct permits bystander;
	uint32_t kills = storm_kills(1000), ticket;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = worker_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS + 1);
	ck_assert(permits_init(&bystander, &r, WORKERS));
	for (uint32_t i = 0; i < KEYED_WAYS - ROOM; i++)
		ck_assert_int_eq(
		    keyed_take(&bystander, key(100 + i), 1, &ticket),
		    KEYED_TAKEN);
	storm_run(&s, kills, &weather->stop);
	for (uint32_t i = 0; i < KEYS; i++)
		ck_assert_uint_eq(keyed_count(&r, key(i)), 0);
	for (uint32_t i = 0; i < KEYED_WAYS - ROOM; i++)
		ck_assert_uint_eq(keyed_count(&r, key(100 + i)), 1);
	for (uint32_t i = 0; i < ROOM; i++) /* no place is lost */
		ck_assert_int_eq(
		    keyed_take(&bystander, key(50 + i), 1, &ticket),
		    KEYED_TAKEN);
	printf("storm: %u kills, %ju permits, %ju refused, %ju uncounted\n",
	    kills, (uintmax_t)atomic_load(&weather->taken),
	    (uintmax_t)atomic_load(&weather->refused),
	    (uintmax_t)atomic_load(&weather->uncounted));
	ck_assert_uint_gt(atomic_load(&weather->taken), kills);
	ck_assert_uint_gt(atomic_load(&weather->refused), kills / 10);
	ck_assert_uint_gt(atomic_load(&weather->uncounted), kills / 10);
	permits_fini(&bystander);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_keyed");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_keys);
	return fixture_run(tc, "storm_keyed");
}
