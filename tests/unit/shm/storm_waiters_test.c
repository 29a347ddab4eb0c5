/*
 * storm_waiters_test.c - four workers that wait for permits of one resource as
 * queue.c does, under random kills. Now and then there is calm: who holds
 * permits drops them and rests, and who waits has to be woken, takes one, drops
 * it and rests, too. Nobody looks by himself, so a wakeup that is lost then
 * leaves one asleep, which fails the test.
 *
 * Each kill is followed by a wakeup of all, which makes good what was lost
 * before: so the same is done without kills, too.
 *
 * STORM_KILLS: how many (1000).
 */
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>

#include "shm/waiters.h"
#include "tests/unit/shm/storm.h"

#define WORKERS 4
#define SERVICE 1
#define RESOURCE 2
#define MAX 2
#define HELD_MAX 2
#define MILD_S 4
#define AWAKE_US UINT64_C(600000000)
#define CALM_MS 20000 /* by then everybody rests, whatever dies meanwhile */

struct weather {
	_Atomic uint32_t stop, mild;
	_Atomic uint32_t calm;           /* number of the calm; even: a storm */
	_Atomic uint32_t rests[WORKERS]; /* in that calm */
	_Atomic uint64_t slept, woken, passed_on, calms;
};
static struct weather *weather;
static int wakes[WORKERS];

static void
wake(uint32_t w)
{
	uint64_t one = 1;

	ck_assert_int_eq(write(wakes[w], &one, sizeof(one)), sizeof(one));
}

/* ---- a worker ---- */

struct life {
	struct region *region;
	struct permits permits;
	uint32_t me;
	uint32_t held[HELD_MAX], count;
};

/* However long it is not scheduled, those who wake others count on it. */
static void
beat(const struct region *r, uint32_t w)
{
	slot_beat(r, w, clock_update().us + AWAKE_US);
}

static void
doze(void)
{
	struct timespec while_ = { 0, 200000 };

	nanosleep(&while_, NULL);
}

/* F2, L2: one of those who wait. */
static void
pass_on(struct life *l)
{
	uint64_t who, now_us = clock_update().us;

	beat(l->region, l->me);
	if (permit_count(l->region, RESOURCE) < MAX &&
	    waiters_others(l->region, SERVICE, l->me, now_us, &who) != 0) {
		atomic_fetch_add(&weather->passed_on, 1);
		wake(waiters_choose(l->region, SERVICE, who, now_us));
	}
}

static void
drop(struct life *l)
{
	permit_drop(&l->permits, l->held[--l->count]);
	pass_on(l);
}

static bool
take(struct life *l)
{
	uint32_t ticket = permit_take(&l->permits, RESOURCE, MAX);

	if (ticket == PERMIT_NONE)
		return false;
	l->held[l->count++] = ticket;
	return true;
}

/*
 * W3. Heartbeats go on, but nothing is looked at. False: it waits no longer,
 * though it was not woken.
 */
static bool
sleep_until_woken(struct life *l)
{
	struct pollfd p = { .fd = wakes[l->me], .events = POLLIN };
	bool impatient = random_below(2) == 0;
	uint64_t n;

	atomic_fetch_add(&weather->slept, 1);
	while (poll(&p, 1, impatient ? (int)random_below(3) : 50) == 0) {
		beat(l->region, l->me);
		if (impatient || atomic_load(&weather->stop) != 0)
			return false;
	}
	if (read(p.fd, &n, sizeof(n)) == sizeof(n))
		atomic_fetch_add(&weather->woken, 1);
	return true;
}

/* Until it has one, or has waited for long enough. */
static void
wait_for_one(struct life *l)
{
	uint32_t class = random_below(WAITERS_CLASSES);

	waiters_set(l->region, SERVICE, class, l->me);
	while (!take(l) && sleep_until_woken(l))
		continue;
	waiters_clear(l->region, SERVICE, class, l->me);
	pass_on(l);
}

/* False: there is no calm, or it has rested in this one. */
static bool
calm_begins(const struct life *l)
{
	uint32_t calm = atomic_load(&weather->calm);

	return calm % 2 != 0 && atomic_load(&weather->rests[l->me]) != calm;
}

static void
rest(struct life *l)
{
	uint32_t calm = atomic_load(&weather->calm);

	while (l->count != 0)
		drop(l);
	atomic_store(&weather->rests[l->me], calm);
	while (atomic_load(&weather->calm) == calm &&
	    atomic_load(&weather->stop) == 0) {
		beat(l->region, l->me);
		doze();
	}
}

static void
worker_live(struct region *r, uint32_t w)
{
	struct life l = { .region = r, .me = w };

	if (!permits_init(&l.permits, r, w))
		wrong("memory");
	while (slot_state(r, w) != SLOT_STARTING) /* as the keeper says */
		doze();
	beat(r, w);
	slot_set_state(r, w, SLOT_READY);
	while (atomic_load(&weather->stop) == 0) {
		if (calm_begins(&l))
			rest(&l);
		else if (l.count == 0 && !take(&l))
			wait_for_one(&l);
		else if (l.count < HELD_MAX && random_below(3) == 0)
			(void)take(&l);
		else if (l.count != 0)
			drop(&l);
	}
	while (l.count != 0)
		drop(&l);
}

/* ---- who makes the weather ---- */

static bool
all_rest(uint32_t calm)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		if (atomic_load(&weather->rests[w]) != calm)
			return false;
	return true;
}

static void
weather_live(void)
{
	while (atomic_load(&weather->stop) == 0) {
		uint32_t calm = atomic_load(&weather->calm) | 1;
		uint64_t since_us = clock_raw_us();

		atomic_store(&weather->calm, calm);
		while (!all_rest(calm) && atomic_load(&weather->stop) == 0) {
			doze();
			if (clock_raw_us() - since_us > 1000u * CALM_MS)
				wrong("nobody woke one who waits");
		}
		atomic_fetch_add(&weather->calms, 1);
		atomic_store(&weather->calm, calm + 1);
		for (uint32_t n = random_below(20); n > 0; n--)
			doze();
	}
}

/* Nobody dies, but some come late. */
static void
step_slow(const char *name)
{
	struct timespec late = { 0, (long)random_below(200000) };

	(void)name;
	if (random_below(50) == 0)
		nanosleep(&late, NULL);
}

static void
live(struct region *r, uint32_t who)
{
	if (atomic_load(&weather->mild) != 0)
		shm_step_hook = step_slow;
	if (who < WORKERS)
		worker_live(r, who);
	else
		weather_live();
}

/* ---- the keeper: this test ---- */

static void
worker_settle(struct region *r, uint32_t w, int status)
{
	if (w >= WORKERS)
		return;
	slot_settle(r, w, status);
	for (uint32_t i = 0; i < WORKERS; i++)
		wake(i);
}

static struct region region;
static struct storm storm = { .region = &region,
	.workers = WORKERS,
	.processes = WORKERS + 1,
	.live = live,
	.settle = worker_settle };

static void
setup(void)
{
	weather = mmap(NULL, sizeof(*weather), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	ck_assert_ptr_ne(weather, MAP_FAILED);
	fixture_region(&region, WORKERS);
	atomic_store(&region.state->control.endpoints, RESOURCE + 1);
	atomic_store(&region.state->control.services, SERVICE + 1);
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert_int_ge(wakes[w] = eventfd(0, EFD_NONBLOCK), 0);
}

static void
teardown(void)
{
	ck_assert_uint_eq(permit_count(&region, RESOURCE), 0);
	ck_assert(!waiters_any(&region, SERVICE));
	printf("storm: slept %ju times, woken %ju times, passed on %ju times, "
	       "%ju calms\n",
	    (uintmax_t)atomic_load(&weather->slept),
	    (uintmax_t)atomic_load(&weather->woken),
	    (uintmax_t)atomic_load(&weather->passed_on),
	    (uintmax_t)atomic_load(&weather->calms));
	region_fini(&region);
}

START_TEST(nobody_sleeps_on)
{
	uint32_t kills = storm_kills(1000);

	storm_run(&storm, kills, &weather->stop);
	ck_assert_uint_gt(atomic_load(&weather->woken), kills);
	ck_assert_uint_gt(atomic_load(&weather->calms), kills / 20);
}
END_TEST

START_TEST(nobody_sleeps_on_without_kills)
{
	struct timespec pause = { .tv_sec = MILD_S };

	atomic_store(&weather->mild, 1);
	for (uint32_t i = 0; i < storm.processes; i++)
		storm_start(&storm, i);
	nanosleep(&pause, NULL);
	ck_assert(!storm_reap(&storm, WNOHANG));
	atomic_store(&weather->stop, 1);
	while (storm.ended < storm.processes)
		storm_reap(&storm, 0);
	ck_assert_uint_gt(atomic_load(&weather->calms), 20);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("storm_waiters");

	tcase_set_timeout(tc, 600);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nobody_sleeps_on);
	tcase_add_test(tc, nobody_sleeps_on_without_kills);
	return fixture_run(tc, "storm_waiters");
}
