/*
 * storm_breaker_test.c - four workers that call through few breakers, under
 * random kills, and a master that resets one now and then. Of each half-open
 * phase the probes are counted beside it: those whose fate is open, and those
 * that have ended. Who is let through counts himself after that, and is counted
 * out before he gives up; of a dead one, what was open is counted out before he
 * is settled, and so is what he was about to tell, which may have been counted
 * or not: what is counted beside never is more than there are.
 *
 * STORM_KILLS: how many (1000).
 */
#include <sys/mman.h>

#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define BREAKERS 12
#define HELD_MAX 6
#define FIELD_BITS 16 /* of each worker: {ended:8, open:8} */
#define ENDED 256
#define EPOCHS 16384 /* none comes twice */
#define OPEN_US 62500u
#define TELLS (UINT64_C(1) << 63)

static const struct breaker_rule rule = {
	.failures = 2,
	.successes = 3,
	.probes = 3,
	.minimum = 20,
	.error_rate = 600,
	.slow_rate = 900,
	.open_us = OPEN_US,
	.slow_us = 1000,
	.window_us = 1000000,
};

/* Shared with the test: how the storm goes. */
struct weather {
	_Atomic uint32_t stop;
	_Atomic uint64_t calls, probes, refused, resets, recoveries_killed;
	_Atomic uint64_t telling[WORKERS]; /* TELLS | breaker << 32 | epoch */
	_Atomic uint64_t phase[BREAKERS][EPOCHS];
};
static struct weather *weather;

/* ---- a worker ---- */

struct held {
	uint32_t breaker;
	struct breaker_pass pass;
};

struct life {
	struct permits permits;
	uint32_t who;
	struct held held[HELD_MAX];
	uint32_t count;
};

static uint64_t
field_of(uint32_t w, uint64_t value)
{
	return value << w * FIELD_BITS;
}

static uint32_t
phase_sum(uint64_t fields)
{
	uint32_t sum = 0;

	for (; fields != 0; fields >>= 8)
		sum += (uint32_t)(fields & 0xff);
	return sum;
}

static _Atomic uint64_t *
phase_of(const struct held *h)
{
	return &weather->phase[h->breaker][h->pass.epoch];
}

static void
life_admit(struct life *l)
{
	struct held h = { .breaker = random_below(BREAKERS) };
	bool bypass = random_below(20) == 0;
	uint64_t wait_us;

	if (!breaker_admit(&l->permits, h.breaker, &rule, clock_update().us,
		bypass, &h.pass, &wait_us)) {
		if (wait_us == 0)
			wrong("refused, and not told for how long");
		atomic_fetch_add(&weather->refused, 1);
		return;
	}
	atomic_fetch_add(&weather->calls, 1);
	if (h.pass.ticket != PERMIT_NONE) {
		atomic_fetch_add(&weather->probes, 1);
		if (phase_sum(atomic_fetch_add(
			phase_of(&h), field_of(l->who, 1))) >= rule.probes)
			wrong("more probes than there may be");
	}
	l->held[l->count++] = h;
}

static void
held_abandon(struct life *l, const struct held *h)
{
	if (h->pass.ticket != PERMIT_NONE)
		atomic_fetch_sub(phase_of(h), field_of(l->who, 1));
	breaker_abandon(&l->permits, &h->pass);
}

static void
held_tell(struct life *l, const struct held *h)
{
	struct breaker_outcome how = { .failed = random_below(3) == 0,
		.cause = CAUSE_RESET,
		.us = random_below(1100) };

	if (h->pass.ticket != PERMIT_NONE) {
		how.failed = random_below(6) == 0;
		atomic_store(&weather->telling[l->who],
		    TELLS | (uint64_t)h->breaker << 32 | h->pass.epoch);
		atomic_fetch_add(phase_of(h), field_of(l->who, ENDED - 1));
	}
	breaker_result(
	    &l->permits, h->breaker, &rule, &h->pass, &how, clock_update().us);
	atomic_store(&weather->telling[l->who], 0);
}

static void
life_end(struct life *l)
{
	struct held *h = &l->held[random_below(l->count)];

	if (random_below(8) == 0)
		held_abandon(l, h);
	else
		held_tell(l, h);
	*h = l->held[--l->count];
}

/* What it holds in the end is left to the keeper. */
static void
worker_live(struct region *r, uint32_t w)
{
	struct life l = { .who = w };

	if (w == WORKERS) { /* the master */
		while (atomic_load(&weather->stop) == 0) {
			struct timespec pause = { 0, 5000000 };

			nanosleep(&pause, NULL);
			breaker_reset(r, random_below(BREAKERS), CAUSE_OPERATOR,
			    clock_update().us);
			breaker_sweep(r, clock_update().us);
			atomic_fetch_add(&weather->resets, 1);
		}
		return;
	}
	if (!permits_init(&l.permits, r, w))
		wrong("memory");
	while (atomic_load(&weather->stop) == 0) {
		if (l.count == 0 || (l.count < HELD_MAX && random_below(2)))
			life_admit(&l);
		else
			life_end(&l);
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
		breaker_recover(r, w);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status) || WTERMSIG(status) == SIGKILL);
	return WIFEXITED(status);
}

/* What it was about to tell may have been counted, or not. */
static void
telling_forget(uint32_t w)
{
	uint64_t t = atomic_load(&weather->telling[w]);
	_Atomic uint64_t *phase =
	    &weather->phase[t >> 32 & 0xff][t & (EPOCHS - 1)];

	if (t == 0)
		return;
	if ((atomic_load(phase) >> w * FIELD_BITS & 0xff00) != 0)
		atomic_fetch_sub(phase, field_of(w, ENDED));
	atomic_store(&weather->telling[w], 0);
}

static void
worker_settle(struct region *r, uint32_t w, int status)
{
	if (w == WORKERS) {
		slot_settle(r, SLOT_MASTER, status);
		return;
	}
	telling_forget(w);
	for (uint32_t b = 0; b < BREAKERS; b++)
		for (uint32_t e = 0; e <= breaker_number(r, b); e++)
			if (atomic_load(&weather->phase[b][e]) != 0)
				atomic_fetch_and(
				    &weather->phase[b][e], ~field_of(w, 0xff));
	while (!recover(r, w))
		atomic_fetch_add(&weather->recoveries_killed, 1);
	slot_settle(r, w, status);
}

/* Of the last transitions none lacks an entry; how many are unknown. */
static uint32_t
history_check(const struct region *r, uint32_t breaker)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	uint64_t last = breaker_number(r, breaker);
	uint32_t n = breaker_history_read(r, breaker, 0, t, BREAKER_TURNS_KEPT);
	uint32_t unknown = 0;

	ck_assert_uint_lt(last, EPOCHS);
	ck_assert_uint_eq(n, BREAKER_TURNS_KEPT);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_eq(t[i].number, last - n + 1 + i);
		ck_assert(i == 0 || t[i].from == t[i - 1].to);
		ck_assert(t[i].from != t[i].to ||
		    (t[i].to == BREAKER_CLOSED &&
			(t[i].cause == CAUSE_OPERATOR ||
			    t[i].cause == CAUSE_UNKNOWN)));
		unknown += t[i].cause == CAUSE_UNKNOWN;
	}
	return unknown;
}

START_TEST(a_storm_over_breakers)
{
	struct region r;
	uint32_t kills = storm_kills(1000), unknown = 0;
	uint64_t turns = 0;
	struct storm s = { .region = &r,
		.workers = WORKERS,
		.processes = WORKERS + 1,
		.live = worker_live,
		.settle = worker_settle };

	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&r, WORKERS);
	atomic_store(&r.state->control.endpoints, BREAKERS);
	storm_run(&s, kills, &weather->stop);
	for (uint32_t b = 0; b < BREAKERS; b++) {
		ck_assert_uint_eq(permit_count(&r, PERMIT_BREAKER + b), 0);
		unknown += history_check(&r, b);
		turns += breaker_number(&r, b);
	}
	printf("storm: %u kills, %ju calls, %ju probes, %ju refused, %ju "
	       "transitions, %ju resets, %ju kills in recovery, %u of the last "
	       "%u unknown\n",
	    kills, (uintmax_t)atomic_load(&weather->calls),
	    (uintmax_t)atomic_load(&weather->probes),
	    (uintmax_t)atomic_load(&weather->refused), (uintmax_t)turns,
	    (uintmax_t)atomic_load(&weather->resets),
	    (uintmax_t)atomic_load(&weather->recoveries_killed), unknown,
	    BREAKERS * BREAKER_TURNS_KEPT);
	ck_assert_uint_gt(atomic_load(&weather->probes), kills);
	ck_assert_uint_gt(turns, kills);
	ck_assert_uint_gt(atomic_load(&weather->recoveries_killed), kills / 40);
	region_fini(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_breaker");

	tcase_set_timeout(tc, 600);
	tcase_add_test(tc, a_storm_over_breakers);
	return fixture_run(tc, "storm_breaker");
}
