/*
 * stepping_permit_test.c - kills a worker before each store of protocol B, and
 * its recovery before each of its own, while another worker does something just
 * before any of them. Whatever the place: in the end the dead one holds
 * nothing, the other what it took, and that is what is counted.
 */
#include "tests/unit/shm/stepping.h"

#define DEAD 0
#define OTHER 1
#define RESOURCES 3
#define MAX 4
#define WRAP (UINT64_C(1) << 36)

static struct permits other;

/* ---- what the other worker does meanwhile ---- */

static void
other_comes_and_goes(void)
{
	for (uint32_t i = 0; i < 2; i++) {
		uint32_t t = permit_take(&other, i, MAX);

		if (t != PERMIT_NONE)
			permit_drop(&other, t);
	}
}

static void
other_takes_all(void)
{
	for (uint32_t i = 0; i < 2; i++)
		while (permit_take(&other, i, MAX) != PERMIT_NONE)
			;
}

static void (*const meddlings[])(
    void) = { other_comes_and_goes, other_takes_all };
#define MEDDLINGS (sizeof(meddlings) / sizeof(meddlings[0]))

static void (*meddling)(void);
static uint32_t steps_calm; /* 0: it does nothing */

static void
step_meddle(const char *name)
{
	if (steps_calm != 0 && --steps_calm == 0) {
		shm_step_hook = NULL;
		meddling();
		shm_step_hook = step_meddle;
	}
	step_count(name);
}

/* In the child of run_killed: from now on somebody meddles, too. */
static void
meddle(void)
{
	shm_step_hook = step_meddle;
}

/* ---- who dies ---- */

static void
drop_taken(struct permits *p, uint32_t ticket)
{
	if (ticket != PERMIT_NONE)
		permit_drop(p, ticket);
}

static void
worker_acts(struct region *r)
{
	struct permits p;

	meddle();
	ck_assert(permits_init(&p, r, DEAD));
	uint32_t a = permit_take(&p, 0, MAX);
	uint32_t b = permit_take(&p, 1, MAX);
	drop_taken(&p, a);
	a = permit_take(&p, 0, MAX);
	permit_take(&p, 0, MAX);
	drop_taken(&p, b);
	drop_taken(&p, a);
	permits_fini(&p);
}

static void
keeper_recovers(struct region *r)
{
	meddle();
	permit_recover(r, DEAD);
}

/* ---- the scene ---- */

static const uint64_t starts[] = { 0, WRAP - 4 };
#define STARTS (sizeof(starts) / sizeof(starts[0]))

/* The other one holds a permit of each; numbers begin with `start`. */
static void
scene_make(struct region *r, uint64_t start)
{
	fixture_region(r, 2);
	atomic_store(&r->state->control.endpoints, RESOURCES);
	atomic_store(&r->state->ledgers[DEAD].opseq, start);
	ck_assert(permits_init(&other, r, OTHER));
	for (uint32_t i = 0; i < RESOURCES; i++)
		permit_take(&other, i, MAX);
}

/* Entries of a ledger in this state, of this resource. */
static uint32_t
entries_in(const struct region *r, uint32_t w, uint32_t resource,
    enum entry_state state)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < 16; i++) {
		uint64_t entry;

		n += entry_load(r, w, i, &entry) == state &&
		    entry_resource(entry) == resource;
	}
	return n;
}

static void
scene_end(struct region *r)
{
	struct permits successor;

	ck_assert_uint_eq(atomic_load(&r->state->ledgers[DEAD].high), 0);
	ck_assert(permits_init(&successor, r, DEAD));
	for (uint32_t i = 0; i < RESOURCES; i++) {
		uint32_t held = entries_in(r, OTHER, i, ENTRY_HELD), n = 0;

		ck_assert_uint_eq(entries_in(r, DEAD, i, ENTRY_HELD), 0);
		ck_assert_uint_eq(entries_in(r, DEAD, i, ENTRY_ACQ), 0);
		ck_assert_uint_eq(entries_in(r, DEAD, i, ENTRY_REL), 0);
		ck_assert_uint_eq(permit_count(r, i), held);
		while (permit_take(&successor, i, MAX) != PERMIT_NONE)
			n++;
		ck_assert_uint_eq(held + n, MAX);
	}
	permits_fini(&successor);
	permits_fini(&other);
	region_fini(r);
}

/* Dies before step k, after somebody meddled before step `calm`. */
static bool
worker_dies(struct region *r, uint32_t k, uint32_t calm)
{
	steps_calm = calm;
	return run_killed(worker_acts, r, k);
}

static bool
keeper_dies(struct region *r, uint32_t k, uint32_t calm)
{
	steps_calm = calm;
	return run_killed(keeper_recovers, r, k);
}

START_TEST(a_worker_is_killed)
{
	struct region r;
	bool done = false;

	meddling = meddlings[(size_t)_i % MEDDLINGS];
	for (uint32_t k = 1; !done; k += STRIDE) {
		for (uint32_t calm = 0; calm <= k; calm += STRIDE) {
			scene_make(&r, starts[(size_t)_i / MEDDLINGS]);
			done = worker_dies(&r, k, calm);
			for (uint32_t i = 0; i < RESOURCES; i++)
				ck_assert_uint_le(permit_count(&r, i), MAX);
			permit_recover(&r, DEAD);
			scene_end(&r);
		}
		ck_assert(!done || k > 28);
	}
}
END_TEST

static void
other_acts(struct region *r)
{
	(void)r;
	other_comes_and_goes();
}

/* The second one while it overwrites what the first one did. */
START_TEST(two_are_killed)
{
	struct region r;
	bool done = false;

	meddling = NULL;
	for (uint32_t k = 1; !done; k += STRIDE) {
		bool both = false;

		for (uint32_t j = 1; !both; j += STRIDE) {
			scene_make(&r, starts[0]);
			done = worker_dies(&r, k, 0);
			both = run_killed(other_acts, &r, j);
			permit_recover(&r, _i == 0 ? DEAD : OTHER);
			permit_recover(&r, _i == 0 ? OTHER : DEAD);
			scene_end(&r);
		}
	}
}
END_TEST

/* Recovery looks at words that others change. */
START_TEST(others_go_on_while_it_is_recovered)
{
	struct region r;
	bool done = false;

	meddling = meddlings[(size_t)_i % MEDDLINGS];
	for (uint32_t k = 1; !done; k += STRIDE) {
		for (uint32_t calm = 1; calm <= 20; calm += STRIDE) {
			scene_make(&r, starts[(size_t)_i / MEDDLINGS]);
			done = worker_dies(&r, k, 0);
			ck_assert(keeper_dies(&r, 0, calm));
			scene_end(&r);
		}
	}
}
END_TEST

START_TEST(recovery_is_killed)
{
	struct region r;
	bool done = false;

	meddling = meddlings[(size_t)_i % MEDDLINGS];
	for (uint32_t k = 1; !done; k += STRIDE) {
		bool recovered = false;

		for (uint32_t j = 1; !recovered; j += STRIDE) {
			scene_make(&r, starts[(size_t)_i / MEDDLINGS]);
			done = worker_dies(&r, k, 0);
			recovered = keeper_dies(&r, j, j % 2 != 0 ? j : 0);
			meddling();
			permit_recover(&r, DEAD);
			scene_end(&r);
		}
	}
}
END_TEST

/* ---- a take that comes too late ---- */

static void
step_full_at_b2(const char *name)
{
	if (strcmp(name, "B2") == 0) {
		shm_step_hook = NULL;
		other_takes_all();
	}
}

START_TEST(others_take_the_last_one)
{
	struct region r;
	struct permits p;

	scene_make(&r, 0);
	ck_assert(permits_init(&p, &r, DEAD));
	shm_step_hook = step_full_at_b2;
	ck_assert_uint_eq(permit_take(&p, 0, MAX), PERMIT_NONE);
	ck_assert_ptr_null(shm_step_hook);
	ck_assert_uint_eq(permit_count(&r, 0), MAX);
	ck_assert_uint_eq(entries_in(&r, DEAD, 0, ENTRY_HELD), 0);
	ck_assert_uint_eq(permit_take(&p, 2, MAX), 0); /* its entry is free */
	permits_fini(&p);
	permit_recover(&r, DEAD);
	scene_end(&r);
}
END_TEST

/* ---- settling: an endpoint is kept for its permits ---- */

static void
keeper_settles(struct region *r)
{
	slot_settle(r, DEAD, SIGKILL);
}

START_TEST(rows_outlive_permits)
{
	struct region r;
	struct permits p;
	bool settled = false;

	for (uint32_t j = 1; !settled; j++) {
		scene_make(&r, 0);
		ck_assert(permits_init(&p, &r, DEAD));
		for (uint32_t i = 0; i < RESOURCES; i++) {
			registry_active_add(&r, DEAD, i, 1);
			permit_take(&p, i, MAX);
		}
		permits_fini(&p);
		settled = run_killed(keeper_settles, &r, j);
		for (uint32_t i = 0; i < RESOURCES; i++)
			ck_assert(registry_endpoint_used(&r, i) ||
			    permit_count(&r, i) == 1);
		keeper_settles(&r);
		ck_assert(!registry_endpoint_used(&r, 0));
		scene_end(&r);
	}
}
END_TEST

/* ---- a tag that is older than its bits ---- */

static void
step_die_at_c1(const char *name)
{
	if (strcmp(name, "C1") == 0)
		stepping_die();
}

static struct permits old;

static void
old_one_takes(struct region *r)
{
	(void)r;
	shm_step_hook = step_die_at_c1;
	permit_take(&old, 2, MAX);
}

/*
 * The word of 0 was left alone since operation 10; operation 2^36 + 10 is
 * pending when its worker dies, and not about 0.
 */
START_TEST(an_old_tag_is_no_new_operation)
{
	struct region r;
	_Atomic uint64_t *opseq;

	scene_make(&r, 9);
	opseq = &r.state->ledgers[DEAD].opseq;
	ck_assert(permits_init(&old, &r, DEAD));
	permit_take(&old, 0, MAX);
	ck_assert_uint_eq(atomic_load(opseq), 10);
	atomic_store(opseq, WRAP - 1);
	permit_take(&old, 1, MAX);
	atomic_store(opseq, WRAP + 9);
	ck_assert(!run_killed(old_one_takes, &r, 0));
	ck_assert_uint_eq(atomic_load(opseq), WRAP + 10);
	other_comes_and_goes();
	permits_fini(&old);
	permit_recover(&r, DEAD);
	scene_end(&r);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping_permit");

	tcase_set_timeout(tc, 120);
	tcase_add_loop_test(tc, a_worker_is_killed, 0, STARTS * MEDDLINGS);
	tcase_add_loop_test(tc, two_are_killed, 0, 2);
	tcase_add_loop_test(
	    tc, others_go_on_while_it_is_recovered, 0, STARTS * MEDDLINGS);
	tcase_add_loop_test(tc, recovery_is_killed, 0, STARTS * MEDDLINGS);
	tcase_add_test(tc, others_take_the_last_one);
	tcase_add_test(tc, rows_outlive_permits);
	tcase_add_test(tc, an_old_tag_is_no_new_operation);
	return fixture_run(tc, "stepping_permit");
}
