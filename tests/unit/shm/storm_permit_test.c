/*
 * storm_permit_test.c - four workers that take and drop permits of few
 * resources, under random kills, also of their recovery. Who is inside is
 * counted beside the permits, so that it never shows more than there are: a
 * worker comes in after it took and goes out before it drops, and of a dead one
 * all go out before it is recovered.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define RESOURCES 3
#define MAX 5
#define HELD_MAX 6
#define FIELD_BITS 16 /* of each worker in `inside`: one load sees all */

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t taken, refused, recoveries_killed;
	_Atomic uint64_t inside[RESOURCES];
};
static struct weather *weather;

/* ---- a worker ---- */

struct held {
	uint32_t resource, ticket;
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
	uint32_t resource = random_below(RESOURCES);
	uint32_t ticket = permit_take(&l->permits, resource, MAX);

	if (ticket == PERMIT_NONE) {
		atomic_fetch_add(&weather->refused, 1);
		return;
	}
	if (inside_sum(atomic_fetch_add(&weather->inside[resource], l->me)) >=
	    MAX)
		wrong("more are inside than may be");
	atomic_fetch_add(&weather->taken, 1);
	l->held[l->count++] = (struct held){ resource, ticket };
}

static void
life_drop(struct life *l)
{
	struct held *h = &l->held[random_below(l->count)];

	atomic_fetch_sub(&weather->inside[h->resource], l->me);
	permit_drop(&l->permits, h->ticket);
	*h = l->held[--l->count];
}

/* What it holds in the end is left to the keeper. */
static void
worker_live(struct region *r, uint32_t w)
{
	struct life l = { .me = UINT64_C(1) << w * FIELD_BITS };

	if (!permits_init(&l.permits, r, w))
		wrong("memory");
	while (atomic_load(&weather->stop) == 0) {
		if (l.count == 0 || (l.count < HELD_MAX && random_below(2)))
			life_take(&l);
		else
			life_drop(&l);
	}
}

/* ---- the keeper: this test ---- */

static void
step_fatal(const char *name)
{
	if (random_below(20) == 0)
		stepping_die();
	step_random(name);
}

/* In a child, which may die; true: it did not. */
static bool
recover(struct region *r, uint32_t w)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		random_state ^= (uint64_t)getpid() << 32;
		shm_step_hook = step_fatal;
		permit_recover(r, w);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

static void
worker_settle(struct region *r, uint32_t w, int status)
{
	uint64_t field = ((UINT64_C(1) << FIELD_BITS) - 1) << w * FIELD_BITS;

	for (uint32_t i = 0; i < RESOURCES; i++)
		atomic_fetch_and(&weather->inside[i], ~field);
	while (!recover(r, w))
		atomic_fetch_add(&weather->recoveries_killed, 1);
	slot_settle(r, w, status);
}

START_TEST(a_storm_over_permits)
{
	struct region r;
	uint32_t kills = storm_kills(1000);
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS,
		.live = worker_live,
		.settle = worker_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	atomic_store(&r.state->control.endpoints, RESOURCES);
	/* Numbers wrap soon, and tags are forgotten before. */
	for (uint32_t w = 0; w < WORKERS; w++)
		atomic_store(&r.state->ledgers[w].opseq,
		    (UINT64_C(1) << 36) - 5000 * (w + 1));
	storm_run(&s, kills, &weather->stop);
	for (uint32_t i = 0; i < RESOURCES; i++)
		ck_assert_uint_eq(permit_count(&r, i), 0);
	printf("storm: %u kills, %ju permits, %ju refused, %ju kills in "
	       "recovery\n",
	    kills, (uintmax_t)atomic_load(&weather->taken),
	    (uintmax_t)atomic_load(&weather->refused),
	    (uintmax_t)atomic_load(&weather->recoveries_killed));
	ck_assert_uint_gt(atomic_load(&weather->taken), kills);
	ck_assert_uint_gt(atomic_load(&weather->refused), kills / 10);
	ck_assert_uint_gt(atomic_load(&weather->recoveries_killed), kills / 20);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_permit");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_permits);
	return fixture_run(tc, "storm_permit");
}
