/*
 * Tests of spawn.c: the table, and the pause before the next fork.
 */
#include "tests/unit/shm/fixture.h"

#include "master/spawn.h"

#define SECOND 1000000u

/* A child that was forked at now_us. */
static struct spawn
forked(uint64_t now_us)
{
	struct spawn s;

	spawn_init(&s);
	ck_assert_int_eq(spawn_event(&s, SPAWN_DUE, now_us), SPAWN_FORK);
	spawn_forked(&s, 77, now_us);
	ck_assert_int_eq(s.state, SPAWN_STARTING);
	ck_assert(spawn_alive(&s));
	return s;
}

/* What each event does in each state. */
static const struct {
	enum spawn_state from;
	enum spawn_event event;
	enum spawn_state to;
	enum spawn_action action;
} steps[] = {
	{ SPAWN_DOWN, SPAWN_DUE, SPAWN_DOWN, SPAWN_FORK },
	{ SPAWN_DOWN, SPAWN_READY, SPAWN_DOWN, SPAWN_NOTHING },
	{ SPAWN_DOWN, SPAWN_EXIT, SPAWN_DOWN, SPAWN_NOTHING },
	{ SPAWN_DOWN, SPAWN_STOP, SPAWN_GONE, SPAWN_NOTHING },
	{ SPAWN_STARTING, SPAWN_DUE, SPAWN_STARTING, SPAWN_NOTHING },
	{ SPAWN_STARTING, SPAWN_READY, SPAWN_UP, SPAWN_NOTHING },
	{ SPAWN_STARTING, SPAWN_EXIT, SPAWN_DOWN, SPAWN_NOTHING },
	{ SPAWN_STARTING, SPAWN_STOP, SPAWN_STOPPING, SPAWN_ASK },
	{ SPAWN_UP, SPAWN_DUE, SPAWN_UP, SPAWN_NOTHING },
	{ SPAWN_UP, SPAWN_READY, SPAWN_UP, SPAWN_NOTHING },
	{ SPAWN_UP, SPAWN_EXIT, SPAWN_DOWN, SPAWN_NOTHING },
	{ SPAWN_UP, SPAWN_STOP, SPAWN_STOPPING, SPAWN_ASK },
	{ SPAWN_STOPPING, SPAWN_DUE, SPAWN_STOPPING, SPAWN_NOTHING },
	{ SPAWN_STOPPING, SPAWN_READY, SPAWN_STOPPING, SPAWN_NOTHING },
	{ SPAWN_STOPPING, SPAWN_EXIT, SPAWN_GONE, SPAWN_NOTHING },
	{ SPAWN_STOPPING, SPAWN_STOP, SPAWN_STOPPING, SPAWN_NOTHING },
	{ SPAWN_GONE, SPAWN_DUE, SPAWN_GONE, SPAWN_NOTHING },
	{ SPAWN_GONE, SPAWN_READY, SPAWN_GONE, SPAWN_NOTHING },
	{ SPAWN_GONE, SPAWN_EXIT, SPAWN_GONE, SPAWN_NOTHING },
	{ SPAWN_GONE, SPAWN_STOP, SPAWN_GONE, SPAWN_NOTHING },
};

START_TEST(the_table)
{
	struct spawn s;

	spawn_init(&s);
	s.state = steps[_i].from;
	ck_assert_int_eq(
	    spawn_event(&s, steps[_i].event, SECOND), steps[_i].action);
	ck_assert_str_eq(
	    spawn_state_name(s.state), spawn_state_name(steps[_i].to));
}
END_TEST

START_TEST(a_long_life_is_followed_at_once)
{
	struct spawn s = forked(0);

	(void)spawn_event(&s, SPAWN_READY, 100);
	(void)spawn_event(&s, SPAWN_EXIT, 5 * SECOND);
	ck_assert(!spawn_alive(&s));
	ck_assert_uint_eq(s.early, 0);
	ck_assert_int_eq(spawn_event(&s, SPAWN_DUE, 5 * SECOND), SPAWN_FORK);
}
END_TEST

START_TEST(early_deaths_are_paused_for_longer_and_longer)
{
	struct spawn s = forked(0);
	uint64_t now_us = 0, pause_us = SPAWN_PAUSE_MIN_US;

	for (unsigned i = 1; i <= 12; i++) {
		(void)spawn_event(&s, SPAWN_EXIT, now_us);
		ck_assert_uint_eq(s.early, i);
		ck_assert_uint_eq(s.due_us - now_us, pause_us);
		ck_assert_int_eq(
		    spawn_event(&s, SPAWN_DUE, s.due_us - 1), SPAWN_NOTHING);
		ck_assert_int_eq(
		    spawn_event(&s, SPAWN_DUE, s.due_us), SPAWN_FORK);
		now_us = s.due_us;
		spawn_forked(&s, 78, now_us);
		pause_us = pause_us * 2 > SPAWN_PAUSE_MAX_US
		    ? SPAWN_PAUSE_MAX_US
		    : pause_us * 2;
	}
	/* It lives: all is forgiven. */
	(void)spawn_event(&s, SPAWN_EXIT, now_us + SPAWN_EARLY_US);
	ck_assert_uint_eq(s.early, 0);
	ck_assert_uint_eq(s.due_us, now_us + SPAWN_EARLY_US);
}
END_TEST

START_TEST(a_fork_that_fails_is_tried_again)
{
	struct spawn s;

	spawn_init(&s);
	ck_assert_int_eq(spawn_event(&s, SPAWN_DUE, 0), SPAWN_FORK);
	spawn_forked(&s, -1, 0);
	ck_assert(!spawn_alive(&s));
	ck_assert_int_eq(s.state, SPAWN_DOWN);
	ck_assert_int_eq(spawn_event(&s, SPAWN_DUE, s.due_us), SPAWN_FORK);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("spawn");

	tcase_add_loop_test(
	    tc, the_table, 0, (int)(sizeof(steps) / sizeof(steps[0])));
	tcase_add_test(tc, a_long_life_is_followed_at_once);
	tcase_add_test(tc, early_deaths_are_paused_for_longer_and_longer);
	tcase_add_test(tc, a_fork_that_fails_is_tried_again);
	return fixture_run(tc, "spawn");
}
