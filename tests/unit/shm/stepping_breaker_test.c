/*
 * stepping_breaker_test.c - kills a worker before each store of a breaker's
 * life, then the keeper that settles it. Whatever the place: no permit is left,
 * each transition has its entry or one that says that it is lost, and others go
 * on from there. Nor does it matter what others do just before a store.
 */
#include "tests/unit/shm/stepping.h"

#define B BREAKER_OF_ENDPOINT(3)
#define DEAD 0
#define OTHER 1
#define OPEN_US UINT64_C(1000000)

static const struct breaker_rule rule = {
	.failures = 2,
	.successes = 2,
	.probes = 2,
	.minimum = 100,
	.error_rate = 1000,
	.open_us = OPEN_US,
	.window_us = OPEN_US,
};
static const struct breaker_outcome good = { .us = 1 };
static const struct breaker_outcome bad = {
	.failed = true, .cause = CAUSE_STATUS, .detail = 503, .us = 1
};

static void
scene_make(struct region *r)
{
	fixture_region(r, 2);
	atomic_store(&r->state->control.endpoints, B + 1);
}

static void
call(struct permits *p, uint64_t now, const struct breaker_outcome *how)
{
	struct breaker_pass pass;
	uint64_t wait_us;

	if (!breaker_admit(p, B, &rule, now, false, &pass, &wait_us))
		return;
	if (how != NULL)
		breaker_result(p, B, &rule, &pass, how, now);
	else
		breaker_abandon(p, &pass);
}

/* ---- a worker that dies ---- */

#define TURNS 5

static const enum breaker_state turns_to[TURNS] = { BREAKER_OPEN, BREAKER_HALF,
	BREAKER_OPEN, BREAKER_HALF, BREAKER_CLOSED };

static void
worker_calls(struct region *r)
{
	struct permits p;

	ck_assert(permits_init(&p, r, DEAD));
	call(&p, 1, &bad);
	call(&p, 2, &good);
	call(&p, 3, &bad);
	call(&p, 4, &bad);
	call(&p, 2 * OPEN_US, NULL);
	call(&p, 2 * OPEN_US, &bad);
	call(&p, 4 * OPEN_US, &good);
	call(&p, 4 * OPEN_US, &good);
	call(&p, 4 * OPEN_US, &bad);
	permits_fini(&p);
}

/* An entry of each; how many are lost. */
static uint32_t
turns_check(const struct region *r)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	uint64_t last = breaker_number(r, B);
	uint32_t n = breaker_history_read(r, B, 0, t, BREAKER_TURNS_KEPT);
	uint32_t unknown = 0;
	struct breaker_info info;

	breaker_info(r, B, 0, &info);
	ck_assert_uint_eq(n,
	    info.transitions < BREAKER_TURNS_KEPT ? info.transitions
						  : BREAKER_TURNS_KEPT);
	for (uint32_t i = 0; i < n; i++) {
		ck_assert_uint_eq(t[i].number, last - n + 1 + i);
		if (i != 0)
			ck_assert_int_eq(t[i].from, t[i - 1].to);
		unknown += t[i].cause == CAUSE_UNKNOWN;
	}
	return unknown;
}

static void
made_check(const struct region *r)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	uint32_t n = breaker_history_read(r, B, 0, t, BREAKER_TURNS_KEPT);

	ck_assert_uint_le(n, TURNS);
	for (uint32_t i = 0; i < n; i++)
		ck_assert_int_eq(t[i].to, turns_to[i]);
	ck_assert_uint_le(turns_check(r), 1);
	ck_assert_uint_eq(permit_count(r, PERMIT_BREAKER + B), 0);
	ck_assert_uint_eq(atomic_load(&r->state->breakers[B].turns), n);
}

/* From whatever it is to OPEN, and closed by exactly two. */
static void
others_go_on(const struct region *r, uint64_t now)
{
	struct breaker_info i;
	struct permits p;
	uint32_t unknown = turns_check(r);

	ck_assert(permits_init(&p, r, OTHER));
	for (uint32_t k = 0; k < 4; k++)
		call(&p, now, &bad);
	breaker_info(r, B, now, &i);
	ck_assert_int_eq(i.state, BREAKER_OPEN);
	call(&p, now + OPEN_US, &good);
	breaker_info(r, B, now + OPEN_US, &i);
	ck_assert_int_eq(i.state, BREAKER_HALF);
	call(&p, now + OPEN_US, &good);
	breaker_info(r, B, now + OPEN_US, &i);
	ck_assert_int_eq(i.state, BREAKER_CLOSED);
	ck_assert_uint_eq(turns_check(r), unknown);
	permits_fini(&p);
	ck_assert_uint_eq(permit_count(r, PERMIT_BREAKER + B), 0);
}

static void
keeper_settles(struct region *r)
{
	slot_settle(r, DEAD, SIGKILL);
}

START_TEST(a_worker_is_killed)
{
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		struct breaker_sums s;
		struct region r;

		scene_make(&r);
		done = run_killed(worker_calls, &r, k);
		keeper_settles(&r);
		made_check(&r);
		breaker_window_sum(&r, B, rule.window_us, breaker_epoch(&r, B),
		    4 * OPEN_US, &s);
		ck_assert_uint_eq(s.calls, 0);
		others_go_on(&r, 8 * OPEN_US);
		ck_assert(!done || k > 60);
		region_fini(&r);
	}
}
END_TEST

START_TEST(the_keeper_is_killed)
{
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		uint32_t first = 1 + k / STRIDE % STRIDE; /* each in its turn */
		bool settled = false;

		for (uint32_t j = first; !settled; j += STRIDE) {
			struct region r;

			scene_make(&r);
			done = run_killed(worker_calls, &r, k);
			settled = run_killed(keeper_settles, &r, j);
			keeper_settles(&r);
			made_check(&r);
			others_go_on(&r, 8 * OPEN_US);
			region_fini(&r);
		}
	}
}
END_TEST

/* Before the dead one is reaped others may have gone on. */
START_TEST(it_is_settled_late)
{
	bool done = false;

	for (uint32_t k = 1; !done; k += STRIDE) {
		struct breaker_turn t[BREAKER_TURNS_KEPT];
		struct permits p;
		struct region r;

		scene_make(&r);
		done = run_killed(worker_calls, &r, k);
		ck_assert(permits_init(&p, &r, OTHER));
		call(&p, 20 * OPEN_US, &bad);
		call(&p, 20 * OPEN_US, &bad);
		call(&p, 30 * OPEN_US, &bad);
		/* Only what the very last has left may be missing. */
		uint32_t n =
		    breaker_history_read(&r, B, 0, t, BREAKER_TURNS_KEPT);
		ck_assert_uint_ge(n + 1, breaker_number(&r, B));
		permits_fini(&p);
		keeper_settles(&r);
		ck_assert_uint_le(turns_check(&r), 1);
		slot_settle(&r, OTHER, SIGKILL);
		others_go_on(&r, 40 * OPEN_US);
		region_fini(&r);
	}
}
END_TEST

/* ---- the master dies ---- */

static void
master_resets(struct region *r)
{
	breaker_reset(r, B, CAUSE_OPERATOR, OPEN_US);
	breaker_sweep(r, UINT64_C(7200) * 1000000);
	breaker_clear(r, B);
}

START_TEST(the_master_is_killed)
{
	bool done = false;

	for (uint32_t k = 1; !done; k++) {
		struct breaker_turn t[BREAKER_TURNS_KEPT];
		struct breaker_info i;
		struct permits p;
		struct region r;

		scene_make(&r);
		ck_assert(permits_init(&p, &r, DEAD));
		call(&p, 3, &bad);
		call(&p, 4, &bad);
		permits_fini(&p);
		done = run_killed(master_resets, &r, k);
		slot_settle(&r, SLOT_MASTER, SIGKILL);
		ck_assert_uint_le(turns_check(&r), 1);
		breaker_clear(&r, B);
		breaker_info(&r, B, 5, &i);
		ck_assert_int_eq(i.state, BREAKER_CLOSED);
		ck_assert_uint_eq(i.transitions, 0);
		ck_assert_uint_eq(
		    breaker_history_read(&r, B, 0, t, BREAKER_TURNS_KEPT), 0);
		ck_assert(!done || k > 10);
		region_fini(&r);
	}
}
END_TEST

/* ---- others are faster ---- */

static struct permits mine, theirs;
static uint64_t at_us;
static const struct breaker_outcome *theirs_goes;
static const char *at_step;

static void
rival_acts(const char *name)
{
	if (strcmp(name, at_step) != 0)
		return;
	shm_step_hook = NULL;
	call(&theirs, at_us, theirs_goes);
}

static enum breaker_state
both_call(const struct region *r, const char *step, uint64_t now,
    const struct breaker_outcome *their, const struct breaker_outcome *my)
{
	struct breaker_info i;

	at_us = now;
	theirs_goes = their;
	at_step = step;
	shm_step_hook = rival_acts;
	call(&mine, now, my);
	ck_assert_ptr_null(shm_step_hook);
	breaker_info(r, B, now, &i);
	return i.state;
}

START_TEST(each_transition_happens_once)
{
	struct region r;

	scene_make(&r);
	ck_assert(permits_init(&mine, &r, DEAD));
	ck_assert(permits_init(&theirs, &r, OTHER));
	/* A failure that another counts first is not lost. */
	ck_assert_int_eq(both_call(&r, "Y4", 1, &bad, &bad), BREAKER_OPEN);
	ck_assert_uint_eq(breaker_number(&r, B), 1);
	/* Who makes it HALF first probes; so does the other. */
	ck_assert_int_eq(
	    both_call(&r, "Y3", 2 * OPEN_US, &good, &good), BREAKER_CLOSED);
	ck_assert_uint_eq(breaker_number(&r, B), 3);
	call(&mine, 2 * OPEN_US, &bad);
	/* He opens it; what I counted was of an earlier epoch then. */
	ck_assert_int_eq(
	    both_call(&r, "Y3", 2 * OPEN_US, &bad, &bad), BREAKER_OPEN);
	ck_assert_uint_eq(breaker_number(&r, B), 4);
	/* My success closes nothing that his failure has opened. */
	ck_assert_int_eq(
	    both_call(&r, "Y4", 4 * OPEN_US, &bad, &good), BREAKER_OPEN);
	ck_assert_uint_eq(breaker_number(&r, B), 6);
	/* Nor does mine when it comes so late; it spoils no number. */
	ck_assert_int_eq(
	    both_call(&r, "D1", 6 * OPEN_US, &bad, &bad), BREAKER_OPEN);
	ck_assert_uint_eq(breaker_number(&r, B), 8);
	ck_assert_uint_eq(turns_check(&r), 0);
	permits_fini(&mine);
	permits_fini(&theirs);
	region_fini(&r);
}
END_TEST

/* His probe fails when I have a permit, and was not let through with it yet;
 * then the time of the next ones has come. */
static struct breaker_pass his;
static bool and_on;

static void
rival_fails(const char *name)
{
	if (strcmp(name, "E1") != 0) /* of permit.c: taken */
		return;
	shm_step_hook = NULL;
	breaker_result(&theirs, B, &rule, &his, &bad, 2 * OPEN_US);
	if (and_on)
		call(&theirs, 4 * OPEN_US, NULL);
}

START_TEST(the_second_look)
{
	struct breaker_pass pass;
	struct region r;
	uint64_t wait_us;

	scene_make(&r);
	ck_assert(permits_init(&mine, &r, DEAD));
	ck_assert(permits_init(&theirs, &r, OTHER));
	call(&mine, 1, &bad);
	call(&mine, 1, &bad);
	ck_assert(breaker_admit(
	    &theirs, B, &rule, 2 * OPEN_US, false, &his, &wait_us));
	and_on = _i != 0;
	shm_step_hook = rival_fails;
	bool through =
	    breaker_admit(&mine, B, &rule, 2 * OPEN_US, false, &pass, &wait_us);
	ck_assert_ptr_null(shm_step_hook);
	ck_assert(through == and_on);
	if (through)
		ck_assert_uint_eq(pass.epoch, breaker_epoch(&r, B));
	else
		ck_assert_uint_eq(wait_us, OPEN_US);
	ck_assert_uint_eq(permit_count(&r, PERMIT_BREAKER + B), through);
	permits_fini(&mine);
	permits_fini(&theirs);
	region_fini(&r);
}
END_TEST

/* ---- a writer of history that comes late ---- */

static void
rival_goes_round(const char *name)
{
	if (strcmp(name, at_step) != 0)
		return;
	shm_step_hook = NULL;
	for (uint64_t n = 1; n <= 6; n++) {
		uint64_t now = n * 4 * OPEN_US;

		call(&theirs, now, &good);
		call(&theirs, now, &good);
		call(&theirs, now, &bad);
		call(&theirs, now, &bad);
	}
}

START_TEST(a_writer_is_overtaken)
{
	static const char *const steps[] = { "V2", "D2_wall", "D2_failures",
		"D3" };

	for (uint32_t k = 0; k < 4; k++) {
		struct breaker_turn t[BREAKER_TURNS_KEPT];
		struct region r;

		scene_make(&r);
		ck_assert(permits_init(&mine, &r, DEAD));
		ck_assert(permits_init(&theirs, &r, OTHER));
		call(&mine, 1, &bad);
		at_step = steps[k];
		shm_step_hook = rival_goes_round;
		call(&mine, 1, &bad);
		ck_assert_ptr_null(shm_step_hook);
		uint64_t last = breaker_number(&r, B);
		ck_assert_uint_eq(last, 1 + 3 * 6);
		uint32_t n =
		    breaker_history_read(&r, B, 0, t, BREAKER_TURNS_KEPT);
		/* Too late, it stores nothing; on its way, it spoils one. */
		ck_assert_uint_eq(n, BREAKER_TURNS_KEPT - (k != 0));
		for (uint32_t i = 0; i < n; i++)
			ck_assert_uint_gt(t[i].number, 1);
		permits_fini(&mine);
		permits_fini(&theirs);
		region_fini(&r);
	}
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("stepping breaker");

	tcase_set_timeout(tc, 120);
	tcase_add_test(tc, a_worker_is_killed);
	tcase_add_test(tc, the_keeper_is_killed);
	tcase_add_test(tc, it_is_settled_late);
	tcase_add_test(tc, the_master_is_killed);
	tcase_add_test(tc, each_transition_happens_once);
	tcase_add_loop_test(tc, the_second_look, 0, 2);
	tcase_add_test(tc, a_writer_is_overtaken);
	return fixture_run(tc, "stepping breaker");
}
