/* Tests of breaker.c and its files: each transition, what counts, windows,
 * probes, time that wraps, the history. */
#include "shm/breaker.h"

#include <errno.h>
#include <signal.h>

#include "shm/breaker_history.h"
#include "shm/breaker_window.h"
#include "shm/slots.h"
#include "shm/vital.h"
#include "tests/unit/shm/fixture.h"

#define WORKERS 3
#define ENDPOINTS 8
#define SERVICES 3
#define B BREAKER_OF_ENDPOINT(4)
#define SECOND UINT64_C(1000000)

static struct region region;
static struct permits workers[WORKERS];
static uint64_t now;

static const struct breaker_rule plain = {
	.failures = 3,
	.successes = 2,
	.probes = 2,
	.open_us = 10 * SECOND,
};
/* Half of four calls in ten seconds. */
static const struct breaker_rule rates = {
	.successes = 1,
	.probes = 1,
	.minimum = 4,
	.error_rate = 500,
	.slow_rate = 750,
	.open_us = 10 * SECOND,
	.slow_us = SECOND,
	.window_us = 8 * SECOND,
};

static const struct breaker_outcome good = { .us = 1000 };
static const struct breaker_outcome bad = {
	.failed = true, .cause = CAUSE_STATUS, .detail = 503, .us = 1000
};
static const struct breaker_outcome tardy = { .us = 2 * SECOND };

static void
setup(void)
{
	fixture_region(&region, WORKERS);
	atomic_store(&region.state->control.endpoints, ENDPOINTS);
	atomic_store(&region.state->control.services, SERVICES);
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert(permits_init(&workers[w], &region, w));
	now = 100 * SECOND;
}

static void
teardown(void)
{
	for (uint32_t w = 0; w < WORKERS; w++)
		permits_fini(&workers[w]);
	region_fini(&region);
}

static struct breaker_info
info_of(uint32_t breaker)
{
	struct breaker_info i;

	breaker_info(&region, breaker, now, &i);
	return i;
}

static bool
ask(uint32_t w, const struct breaker_rule *rule, struct breaker_pass *pass)
{
	uint64_t wait_us;

	return breaker_admit(&workers[w], B, rule, now, false, pass, &wait_us);
}

static struct breaker_pass
admit(uint32_t w, const struct breaker_rule *rule)
{
	struct breaker_pass pass;

	ck_assert(ask(w, rule, &pass));
	return pass;
}

static void
result(uint32_t w, const struct breaker_rule *rule, struct breaker_pass pass,
    const struct breaker_outcome *how)
{
	breaker_result(&workers[w], B, rule, &pass, how, now);
}

static void
call(uint32_t w, const struct breaker_rule *rule,
    const struct breaker_outcome *how)
{
	result(w, rule, admit(w, rule), how);
}

static void
open_it(void)
{
	for (uint32_t i = 0; i < plain.failures; i++)
		call(i % WORKERS, &plain, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
}

static void
half_it(void)
{
	struct breaker_pass pass;

	open_it();
	now += plain.open_us;
	pass = admit(0, &plain);
	breaker_abandon(&workers[0], &pass);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
}

static uint32_t
history(uint32_t breaker, struct breaker_turn t[BREAKER_TURNS_KEPT])
{
	return breaker_history_read(&region, breaker, 0, t, BREAKER_TURNS_KEPT);
}

/* ---- closed ---- */

START_TEST(failures_in_a_row_open_it)
{
	struct breaker_pass pass;
	uint64_t wait_us = 0, version = vitals_version(&region);

	call(0, &plain, &bad);
	call(1, &plain, &bad);
	ck_assert_uint_eq(info_of(B).fails, 2);
	ck_assert_int_eq(
	    breaker_look(&region, B, now, &wait_us), BREAKER_LOOK_GO);
	ck_assert_uint_eq(vitals_version(&region), version);
	call(2, &plain, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(info_of(B).wait_us, plain.open_us);
	ck_assert_uint_ne(vitals_version(&region), version);
	ck_assert_int_eq(
	    breaker_look(&region, B, now, &wait_us), BREAKER_LOOK_REFUSE);
	ck_assert_uint_eq(wait_us, plain.open_us);
	now += 4 * SECOND;
	ck_assert(!breaker_admit(
	    &workers[1], B, &plain, now, false, &pass, &wait_us));
	ck_assert_uint_eq(wait_us, 6 * SECOND);
	/* Others have their own. */
	ck_assert_int_eq(
	    breaker_look(&region, B + 1, now, &wait_us), BREAKER_LOOK_GO);
	ck_assert_int_eq(
	    breaker_look(&region, BREAKER_OF_SERVICE(0), now, &wait_us),
	    BREAKER_LOOK_GO);
}
END_TEST

START_TEST(a_success_forgets_failures)
{
	for (uint32_t i = 0; i < 20; i++) {
		call(0, &plain, &bad);
		call(1, &plain, &bad);
		call(2, &plain, &good);
		ck_assert_uint_eq(info_of(B).fails, 0);
	}
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

static uint64_t
state_held(void)
{
	struct stat st;

	ck_assert_int_eq(fstat(region.state_fd, &st), 0);
	return (uint64_t)st.st_blocks;
}

START_TEST(a_plain_success_stores_nothing)
{
	struct shm_breaker before, *b = &region.state->breakers[B];

	call(0, &plain, &bad);
	call(0, &plain, &good);
	memcpy(&before, b, sizeof(before));
	uint64_t held = state_held();
	for (uint32_t i = 0; i < 100; i++)
		call(i % WORKERS, &plain, &good);
	ck_assert_mem_eq(&before, b, sizeof(before));
	ck_assert_uint_eq(state_held(), held);
}
END_TEST

START_TEST(calls_of_an_earlier_epoch_count_for_nothing)
{
	struct breaker_pass old[3];

	for (uint32_t i = 0; i < 3; i++)
		old[i] = admit(i, &plain);
	half_it();
	result(0, &plain, old[0], &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	result(1, &plain, old[1], &good);
	ck_assert_uint_eq(info_of(B).oks, 0);
	call(0, &plain, &good);
	call(0, &plain, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	result(2, &plain, old[2], &bad);
	ck_assert_uint_eq(info_of(B).fails, 0);
}
END_TEST

START_TEST(a_failure_while_it_is_open_changes_nothing)
{
	struct breaker_pass late = admit(0, &plain);

	open_it();
	now += SECOND;
	result(0, &plain, late, &bad);
	ck_assert_uint_eq(info_of(B).wait_us, 9 * SECOND);
	ck_assert_uint_eq(info_of(B).transitions, 1);
}
END_TEST

/* ---- half-open ---- */

START_TEST(so_many_probes_over_all_workers)
{
	struct breaker_pass a, b, none;
	uint64_t wait_us;

	open_it();
	now += plain.open_us - 1;
	ck_assert(!ask(0, &plain, &none));
	now++;
	ck_assert_int_eq(
	    breaker_look(&region, B, now, &wait_us), BREAKER_LOOK_MAYBE);
	a = admit(0, &plain);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	b = admit(1, &plain);
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert(!ask(w, &plain, &none));
	ck_assert_uint_eq(info_of(B).probes, 2);
	result(0, &plain, a, &good);
	ck_assert_uint_eq(info_of(B).oks, 1);
	ck_assert_uint_eq(info_of(B).probes, 1);
	/* One has succeeded, one is out: that is both. */
	for (uint32_t w = 0; w < WORKERS; w++)
		ck_assert(!ask(w, &plain, &none));
	result(1, &plain, b, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	ck_assert_uint_eq(info_of(B).probes, 0);
	ck_assert_uint_eq(info_of(B).transitions, 3);
}
END_TEST

START_TEST(a_probe_that_fails_opens_it_again)
{
	struct breaker_pass a, b, none;

	open_it();
	now += plain.open_us;
	a = admit(0, &plain);
	b = admit(1, &plain);
	result(0, &plain, a, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(info_of(B).wait_us, plain.open_us);
	result(1, &plain, b, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(info_of(B).probes, 0);
	ck_assert(!ask(2, &plain, &none));
}
END_TEST

START_TEST(a_probe_without_a_result_makes_room)
{
	struct breaker_pass a, b, c, none;

	half_it();
	a = admit(0, &plain);
	b = admit(1, &plain);
	ck_assert(!ask(2, &plain, &none));
	breaker_abandon(&workers[0], &a);
	c = admit(2, &plain);
	ck_assert(!ask(0, &plain, &none));
	/* Its worker is killed. */
	slot_settle(&region, 2, SIGKILL);
	permits_fini(&workers[2]);
	ck_assert(permits_init(&workers[2], &region, 2));
	c = admit(2, &plain);
	result(2, &plain, c, &good);
	result(1, &plain, b, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

/* Probes of the phase before that are still out are probes, too. */
START_TEST(stragglers_are_counted)
{
	struct breaker_pass a, b, c, none;

	open_it();
	now += plain.open_us;
	a = admit(0, &plain);
	b = admit(1, &plain);
	result(0, &plain, a, &bad);
	now += plain.open_us;
	c = admit(0, &plain);
	ck_assert(!ask(2, &plain, &none));
	result(1, &plain, b, &bad); /* counts for nothing */
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	b = admit(2, &plain);
	result(0, &plain, c, &good);
	result(2, &plain, b, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

START_TEST(emergencies_pass)
{
	struct breaker_pass a, b;
	uint64_t wait_us;

	open_it();
	ck_assert(
	    breaker_admit(&workers[0], B, &plain, now, true, &a, &wait_us));
	ck_assert_uint_eq(a.ticket, PERMIT_NONE);
	result(0, &plain, a, &bad);
	ck_assert_uint_eq(info_of(B).wait_us, plain.open_us);
	/* It is a probe where one is wanted, and no more than one. */
	now += plain.open_us;
	ck_assert(
	    breaker_admit(&workers[0], B, &plain, now, true, &a, &wait_us));
	ck_assert_uint_ne(a.ticket, PERMIT_NONE);
	b = admit(1, &plain);
	struct breaker_pass c;
	ck_assert(
	    breaker_admit(&workers[2], B, &plain, now, true, &c, &wait_us));
	ck_assert_uint_eq(c.ticket, PERMIT_NONE);
	result(2, &plain, c, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	result(0, &plain, a, &good);
	result(1, &plain, b, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

START_TEST(a_reload_may_lower_what_is_wanted)
{
	struct breaker_rule more = plain, fewer = plain;
	struct breaker_pass pass;
	struct breaker_turn t[BREAKER_TURNS_KEPT];

	more.probes = more.successes = 5;
	half_it();
	for (uint32_t i = 0; i < 3; i++)
		call(0, &more, &good);
	ck_assert_uint_eq(info_of(B).oks, 3);
	fewer.probes = fewer.successes = 2;
	pass = admit(1, &fewer);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	result(1, &fewer, pass, &good);
	ck_assert_uint_eq(history(B, t), 3);
	ck_assert_int_eq(t[2].cause, CAUSE_CONFIG);
}
END_TEST

/* ---- rates ---- */

START_TEST(errors_open_it_by_their_share)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];

	call(0, &rates, &good);
	call(1, &rates, &bad);
	call(2, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	call(2, &rates, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	call(0, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(history(B, t), 1);
	ck_assert_int_eq(t[0].cause, CAUSE_ERROR_RATE);
	ck_assert_uint_eq(t[0].detail, 600);
	ck_assert_uint_eq(t[0].window.calls, 5);
	ck_assert_uint_eq(t[0].window.failed, 3);
	ck_assert_uint_eq(t[0].failure_count, 3);
}
END_TEST

START_TEST(slow_calls_open_it_by_their_share)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];

	call(0, &rates, &good);
	for (uint32_t i = 0; i < 3; i++)
		call(i, &rates, &tardy);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(history(B, t), 1);
	ck_assert_int_eq(t[0].cause, CAUSE_SLOW_RATE);
	ck_assert_uint_eq(t[0].detail, 750);
	ck_assert_uint_eq(t[0].window.slow, 3);
	ck_assert_int_eq(t[0].failures[2].cause, CAUSE_SLOW);
	ck_assert_uint_eq(t[0].failures[2].detail, 2000);
	/* A slow probe has failed. */
	now += rates.open_us;
	call(0, &rates, &tardy);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	now += rates.open_us;
	call(0, &rates, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

START_TEST(a_window_moves_on)
{
	struct breaker_sums s;

	for (uint32_t i = 0; i < 3; i++)
		call(i, &rates, &bad);
	now += 7 * SECOND;
	breaker_window_sum(&region, B, rates.window_us, 0, now, &s);
	ck_assert_uint_eq(s.failed, 3);
	now += SECOND;
	breaker_window_sum(&region, B, rates.window_us, 0, now, &s);
	ck_assert_uint_eq(s.calls, 0);
	for (uint32_t i = 0; i < 3; i++)
		call(i, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	/* Neither other epochs nor other windows count. */
	breaker_window_sum(&region, B, rates.window_us, 1, now, &s);
	ck_assert_uint_eq(s.calls, 0);
	breaker_window_sum(&region, B, rates.window_us * 16, 0, now, &s);
	ck_assert_uint_eq(s.calls, 0);
	breaker_window_sum(&region, B, rates.window_us / 16, 0, now, &s);
	ck_assert_uint_eq(s.calls, 0);
	call(0, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
}
END_TEST

START_TEST(a_window_forgets_the_dead_and_other_epochs)
{
	struct breaker_sums s;

	call(0, &rates, &bad);
	call(1, &rates, &bad);
	slot_settle(&region, 1, SIGKILL);
	breaker_window_sum(&region, B, rates.window_us, 0, now, &s);
	ck_assert_uint_eq(s.failed, 1);
	call(0, &rates, &bad);
	call(0, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	call(0, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	breaker_reset(&region, B, CAUSE_OPERATOR, now);
	for (uint32_t i = 0; i < 3; i++)
		call(i, &rates, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

/* ---- bounds ---- */

START_TEST(rules_out_of_bounds_are_cut)
{
	struct breaker_rule none = { .failures = 1 };
	struct breaker_rule huge = { .failures = UINT32_MAX,
		.successes = UINT32_MAX,
		.probes = UINT32_MAX,
		.open_us = UINT64_MAX };
	struct breaker_pass pass;

	call(0, &none, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	call(0, &none, &good); /* due at once; one probe, one success */
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	for (uint32_t i = 0; i < BREAKER_FAILURES_MAX - 1; i++)
		call(0, &huge, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	call(0, &huge, &bad);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	ck_assert_uint_eq(info_of(B).wait_us, BREAKER_OPEN_MAX_US);
	now += BREAKER_OPEN_MAX_US - 1;
	ck_assert(!ask(0, &huge, &pass));
	now++;
	for (uint32_t i = 0; i < BREAKER_PROBES_MAX - 1; i++)
		call(0, &huge, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	call(0, &huge, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

START_TEST(time_wraps)
{
	/* In 28 bits of sixteenths; then past what they can tell. */
	now = (UINT64_C(1) << 28) * 62500 - 3 * SECOND;
	open_it();
	ck_assert_uint_eq(info_of(B).wait_us, plain.open_us);
	now += 9 * SECOND;
	ck_assert_uint_eq(info_of(B).wait_us, SECOND);
	now += SECOND;
	ck_assert_uint_eq(info_of(B).wait_us, 0);
	breaker_sweep(&region, now + 3599 * SECOND);
	ck_assert_int_eq(info_of(B).state, BREAKER_OPEN);
	breaker_sweep(&region, now + 3602 * SECOND);
	ck_assert_int_eq(info_of(B).state, BREAKER_HALF);
	now += (UINT64_C(1) << 28) * 62500;
	call(0, &plain, &good);
	call(0, &plain, &good);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
}
END_TEST

START_TEST(epochs_wrap)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];

	for (uint32_t i = 0; i < 3 * 16384 / 3 + 10; i++) {
		open_it();
		now += plain.open_us;
		call(0, &plain, &good);
		call(0, &plain, &good);
		ck_assert_uint_eq(info_of(B).transitions, 3 * (i + 1));
	}
	ck_assert_uint_eq(history(B, t), BREAKER_TURNS_KEPT);
	for (uint32_t i = 0; i < BREAKER_TURNS_KEPT; i++)
		ck_assert_uint_eq(t[i].number,
		    info_of(B).transitions - BREAKER_TURNS_KEPT + 1 + i);
}
END_TEST

/* ---- history ---- */

START_TEST(history_says_what_led_to_it)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	struct breaker_outcome refused = {
		.failed = true, .cause = CAUSE_CONNECT, .detail = ECONNREFUSED
	};

	call(0, &plain, &bad);
	now += SECOND;
	call(1, &plain, &bad);
	now += SECOND / 2;
	call(2, &plain, &refused);
	now += plain.open_us;
	call(0, &plain, &bad);
	ck_assert_uint_eq(history(B, t), 3);
	ck_assert_uint_eq(t[0].number, 1);
	ck_assert_int_eq(t[0].from, BREAKER_CLOSED);
	ck_assert_int_eq(t[0].to, BREAKER_OPEN);
	ck_assert_int_eq(t[0].cause, CAUSE_CONNECT);
	ck_assert_uint_eq(t[0].detail, ECONNREFUSED);
	ck_assert_uint_eq(t[0].fails, 3);
	ck_assert_uint_eq(t[0].window.calls, 0);
	ck_assert_uint_eq(t[0].failure_count, 3);
	ck_assert_uint_eq(t[0].failures[0].before_ms, 1500);
	ck_assert_int_eq(t[0].failures[0].cause, CAUSE_STATUS);
	ck_assert_uint_eq(t[0].failures[0].detail, 503);
	ck_assert_uint_eq(t[0].failures[1].before_ms, 500);
	ck_assert_uint_eq(t[0].failures[2].before_ms, 0);
	ck_assert_int_eq(t[0].failures[2].cause, CAUSE_CONNECT);
	ck_assert_int_eq(t[1].from, BREAKER_OPEN);
	ck_assert_int_eq(t[1].to, BREAKER_HALF);
	ck_assert_int_eq(t[1].cause, CAUSE_TIME);
	ck_assert_uint_eq(t[1].failure_count, 0);
	ck_assert_int_eq(t[2].from, BREAKER_HALF);
	ck_assert_int_eq(t[2].to, BREAKER_OPEN);
	ck_assert_int_eq(t[2].cause, CAUSE_STATUS);
	ck_assert_uint_eq(t[2].failure_count, 1);
	ck_assert_int_ge(t[2].wall_us, t[0].wall_us);
	ck_assert_uint_eq(
	    breaker_history_read(&region, B, 2, t, BREAKER_TURNS_KEPT), 2);
	ck_assert_uint_eq(t[0].number, 2);
	ck_assert_uint_eq(breaker_history_read(&region, B, 0, t, 1), 1);
	ck_assert_uint_eq(t[0].number, 3);
	ck_assert_uint_eq(history_changes(&region), 3);
}
END_TEST

START_TEST(the_last_failures_are_kept)
{
	struct breaker_failure f[BREAKER_FAILURES_KEPT];
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	struct breaker_rule many = plain;

	many.failures = 20;
	for (uint32_t i = 0; i < 19; i++) {
		struct breaker_outcome how = bad;
		how.detail = 500 + i;
		call(i % WORKERS, &many, &how);
		now += 1000;
	}
	ck_assert_uint_eq(
	    breaker_failures(&region, B, now, f), BREAKER_FAILURES_KEPT);
	ck_assert_uint_eq(f[0].detail, 511);
	ck_assert_uint_eq(f[0].before_ms, 8);
	ck_assert_uint_eq(f[7].detail, 518);
	ck_assert_uint_eq(f[7].before_ms, 1);
	call(0, &many, &bad);
	ck_assert_uint_eq(breaker_failures(&region, B, now, f), 0);
	ck_assert_uint_eq(history(B, t), 1);
	ck_assert_uint_eq(t[0].failure_count, BREAKER_FAILURES_KEPT);
	ck_assert_uint_eq(t[0].failures[0].detail, 512);
}
END_TEST

START_TEST(a_reset_closes_it)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	struct breaker_pass pass;

	open_it();
	breaker_reset(&region, B, CAUSE_OPERATOR, now);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	ck_assert_uint_eq(info_of(B).fails, 0);
	ck_assert_uint_eq(history(B, t), 2);
	ck_assert_int_eq(t[1].from, BREAKER_OPEN);
	ck_assert_int_eq(t[1].to, BREAKER_CLOSED);
	ck_assert_int_eq(t[1].cause, CAUSE_OPERATOR);
	/* A probe that was out counts for nothing. */
	half_it();
	pass = admit(0, &plain);
	breaker_reset(&region, B, CAUSE_OPERATOR, now);
	result(0, &plain, pass, &bad);
	ck_assert_uint_eq(info_of(B).fails, 0);
	ck_assert_uint_eq(info_of(B).probes, 0);
	/* One that is closed, too: what was counted is forgotten. */
	call(0, &plain, &bad);
	breaker_reset(&region, B, CAUSE_OPERATOR, now);
	ck_assert_uint_eq(info_of(B).fails, 0);
	ck_assert_uint_eq(history(B, t), 6);
	ck_assert_int_eq(t[5].from, BREAKER_CLOSED);
	ck_assert_uint_eq(t[5].fails, 1);
	ck_assert_uint_eq(t[5].failure_count, 1);
}
END_TEST

START_TEST(another_endpoint_knows_nothing_of_it)
{
	struct breaker_turn t[BREAKER_TURNS_KEPT];
	struct breaker_failure f[BREAKER_FAILURES_KEPT];
	struct breaker_sums s;

	open_it();
	breaker_clear(&region, B);
	ck_assert_int_eq(info_of(B).state, BREAKER_CLOSED);
	ck_assert_uint_eq(info_of(B).transitions, 0);
	ck_assert_uint_eq(history(B, t), 0);
	call(0, &rates, &bad);
	call(0, &plain, &bad);
	breaker_clear(&region, B);
	ck_assert_uint_eq(info_of(B).fails, 0);
	ck_assert_uint_eq(breaker_failures(&region, B, now, f), 0);
	breaker_window_sum(
	    &region, B, rates.window_us, info_of(B).epoch, now, &s);
	ck_assert_uint_eq(s.calls, 0);
	open_it();
	ck_assert_uint_eq(history(B, t), 1);
	ck_assert_uint_eq(info_of(B).transitions, 1);
	breaker_recover(&region, 0);
	ck_assert_uint_eq(history(B, t), 1);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("breaker");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, failures_in_a_row_open_it);
	tcase_add_test(tc, a_success_forgets_failures);
	tcase_add_test(tc, a_plain_success_stores_nothing);
	tcase_add_test(tc, calls_of_an_earlier_epoch_count_for_nothing);
	tcase_add_test(tc, a_failure_while_it_is_open_changes_nothing);
	tcase_add_test(tc, so_many_probes_over_all_workers);
	tcase_add_test(tc, a_probe_that_fails_opens_it_again);
	tcase_add_test(tc, a_probe_without_a_result_makes_room);
	tcase_add_test(tc, stragglers_are_counted);
	tcase_add_test(tc, emergencies_pass);
	tcase_add_test(tc, a_reload_may_lower_what_is_wanted);
	tcase_add_test(tc, errors_open_it_by_their_share);
	tcase_add_test(tc, slow_calls_open_it_by_their_share);
	tcase_add_test(tc, a_window_moves_on);
	tcase_add_test(tc, a_window_forgets_the_dead_and_other_epochs);
	tcase_add_test(tc, rules_out_of_bounds_are_cut);
	tcase_add_test(tc, time_wraps);
	tcase_add_test(tc, epochs_wrap);
	tcase_add_test(tc, history_says_what_led_to_it);
	tcase_add_test(tc, the_last_failures_are_kept);
	tcase_add_test(tc, a_reset_closes_it);
	tcase_add_test(tc, another_endpoint_knows_nothing_of_it);
	return fixture_run(tc, "breaker");
}
