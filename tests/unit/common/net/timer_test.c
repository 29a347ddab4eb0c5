/*
 * Tests of timer.c against a model: an array of deadlines. Nothing fires early,
 * nothing is left over that was due, nothing fires that was cancelled, and
 * sleeping as long as timer_next_us allows never makes anything late.
 */
#include <check.h>
#include <stdlib.h>

#include "common/net/timer.h"

#define TIMERS 300
#define DAY_US UINT64_C(86400000000)

struct probe {
	struct timer timer;
	uint64_t due_us; /* UINT64_MAX: must not fire */
};

static struct timer_wheel wheel;
static struct probe probes[TIMERS];
static struct mono now;
static unsigned fired;

/* A number below a random power of two: all magnitudes are as likely. */
static uint64_t
random_span(unsigned bits)
{
	uint64_t x = (uint64_t)rand() << 31 ^ (uint64_t)rand();

	return x & ((UINT64_C(1) << (unsigned)rand() % bits) - 1);
}

static void
probe_set(struct probe *p, uint64_t due_us)
{
	p->due_us = due_us;
	timer_set(&wheel, &p->timer, (struct mono){ due_us });
}

static void
probe_fired(struct timer *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);

	ck_assert_uint_ne(p->due_us, UINT64_MAX);
	ck_assert_uint_le(p->due_us, now.us);
	ck_assert(!timer_armed(t));
	p->due_us = UINT64_MAX;
	fired++;
	/* Callbacks change the wheel: themselves and others. */
	if (rand() % 3 == 0)
		probe_set(p, now.us + random_span(30));
	p = &probes[rand() % TIMERS];
	if (rand() % 4 == 0) {
		p->due_us = UINT64_MAX;
		timer_cancel(&p->timer);
	} else if (rand() % 4 == 0) {
		p->due_us = UINT64_MAX;
		timer_fini(&wheel, &p->timer);
	} else if (rand() % 4 == 0) {
		probe_set(p, now.us + random_span(36));
	}
}

/*
 * The state of one probe after a run. (Plain conditions: a ck_assert writes
 * its place down each time.)
 */
static bool
probe_right(const struct probe *p, uint64_t next)
{
	if (timer_armed(&p->timer) != (p->due_us != UINT64_MAX))
		return false;
	if (p->due_us == UINT64_MAX || next == 0)
		return true;
	/* Due now are only those that callbacks of this run have set. */
	if (p->due_us <= now.us - now.us % 1000)
		return false;
	/* Nobody is told to sleep past the tick of a deadline. */
	return now.us + next < p->due_us + 1000;
}

static void
check_none_left(void)
{
	uint64_t next = timer_next_us(&wheel, now);

	for (unsigned i = 0; i < TIMERS; i++)
		if (!probe_right(&probes[i], next))
			ck_abort_msg("timer %u, due %llu, now %llu", i,
			    (unsigned long long)probes[i].due_us,
			    (unsigned long long)now.us);
}

static void
run_at(uint64_t us)
{
	now.us = us;
	timer_run(&wheel, now);
	check_none_left();
}

static void
setup_at(uint64_t start_us, unsigned seed)
{
	srand(seed);
	now.us = start_us;
	fired = 0;
	timer_wheel_init(&wheel, now);
	for (unsigned i = 0; i < TIMERS; i++) {
		timer_init(&probes[i].timer, probe_fired);
		probes[i].due_us = UINT64_MAX;
	}
}

static void
random_change(unsigned bits)
{
	struct probe *p = &probes[rand() % TIMERS];

	switch (rand() % 6) {
	case 0:
		p->due_us = UINT64_MAX;
		timer_cancel(&p->timer);
		break;
	case 1:
		p->due_us = UINT64_MAX;
		timer_fini(&wheel, &p->timer);
		ck_assert(list_empty(&p->timer.link));
		break;
	case 2:
		/* In the past, too. */
		probe_set(p, now.us - random_span(bits) % (now.us + 1));
		break;
	default:
		probe_set(p, now.us + random_span(bits));
		break;
	}
}

static void
random_walk(uint64_t start_us, unsigned seed, unsigned bits, unsigned turns)
{
	setup_at(start_us, seed);
	for (unsigned turn = 0; turn < turns; turn++) {
		uint64_t sleep = timer_next_us(&wheel, now);

		for (int i = rand() % 5; i > 0; i--)
			random_change(bits);
		if (rand() % 3 != 0 || sleep == UINT64_MAX)
			sleep = random_span(bits);
		run_at(now.us + sleep);
	}
	ck_assert_uint_gt(fired, turns / 20);
	for (unsigned i = 0; i < TIMERS; i++)
		timer_fini(&wheel, &probes[i].timer);
	ck_assert_uint_eq(wheel.count, 0);
	for (int level = 0; level < TIMER_LEVELS; level++)
		ck_assert_uint_eq(wheel.filled[level], 0);
	ck_assert_uint_eq(timer_next_us(&wheel, now), UINT64_MAX);
}

START_TEST(short_spans)
{
	random_walk(0, 1, 18, 20000);
}
END_TEST

START_TEST(all_spans)
{
	random_walk(123456789, 2, 42, 20000);
}
END_TEST

START_TEST(across_the_turn_of_the_top_level)
{
	/* 2^30 ms is where the highest digit starts again. */
	for (unsigned seed = 3; seed < 13; seed++)
		random_walk(
		    (UINT64_C(1) << 30) * 1000 - 5000000, seed, 34, 2000);
}
END_TEST

static unsigned plain_fired;

static void
plain_fire(struct timer *t)
{
	(void)t;
	plain_fired++;
}

START_TEST(far_deadline_fires_on_its_day)
{
	struct timer t;
	struct mono at = { 5 };
	uint64_t due = 40 * DAY_US + 1234567;
	unsigned wakes = 0;

	timer_wheel_init(&wheel, at);
	timer_init(&t, plain_fire);
	timer_set(&wheel, &t, (struct mono){ due });
	while (plain_fired == 0) {
		uint64_t sleep = timer_next_us(&wheel, at);

		ck_assert_uint_gt(sleep, 0);
		at.us += sleep;
		timer_run(&wheel, at);
		wakes++;
	}
	ck_assert_uint_ge(at.us, due);
	ck_assert_uint_lt(at.us, due + 1000);
	ck_assert_uint_lt(wakes, 20);
}
END_TEST

static void
fire_again(struct timer *t)
{
	plain_fired++;
	timer_set(&wheel, t, (struct mono){ 0 });
}

START_TEST(overdue_again_waits_for_the_next_run)
{
	struct mono at = { 5000000 };
	struct timer t;

	timer_wheel_init(&wheel, at);
	timer_init(&t, fire_again);
	timer_set(&wheel, &t, at);
	for (unsigned i = 1; i < 10; i++) {
		ck_assert_uint_eq(timer_next_us(&wheel, at), 0);
		timer_run(&wheel, at);
		ck_assert_uint_eq(plain_fired, i);
	}
	timer_fini(&wheel, &t);
}
END_TEST

START_TEST(renewal_does_not_touch_the_wheel)
{
	struct timer t;
	struct mono at = { 0 };
	uint64_t placed;

	timer_wheel_init(&wheel, at);
	timer_init(&t, plain_fire);
	timer_set(&wheel, &t, (struct mono){ 100000 });
	placed = t.served_us;
	timer_set(&wheel, &t, (struct mono){ 250000 });
	ck_assert_uint_eq(t.served_us, placed);
	timer_run(&wheel, (struct mono){ 249999 });
	ck_assert_uint_eq(plain_fired, 0);
	timer_run(&wheel, (struct mono){ 250000 });
	ck_assert_uint_eq(plain_fired, 1);
	/* Earlier than before does. */
	timer_set(&wheel, &t, (struct mono){ 900000 });
	timer_set(&wheel, &t, (struct mono){ 300500 });
	timer_run(&wheel, (struct mono){ 300999 });
	ck_assert_uint_eq(plain_fired, 1);
	timer_run(&wheel, (struct mono){ 301000 });
	ck_assert_uint_eq(plain_fired, 2);
	timer_set(&wheel, &t, MONO_NEVER);
	ck_assert(!timer_armed(&t));
	timer_fini(&wheel, &t);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("timer");
	TCase *tc = tcase_create("timer");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, short_spans);
	tcase_add_test(tc, all_spans);
	tcase_add_test(tc, across_the_turn_of_the_top_level);
	tcase_add_test(tc, far_deadline_fires_on_its_day);
	tcase_add_test(tc, overdue_again_waits_for_the_next_run);
	tcase_add_test(tc, renewal_does_not_touch_the_wheel);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
