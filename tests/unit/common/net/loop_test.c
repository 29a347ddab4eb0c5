/* Tests of loop.c: the order of a turn, tasks, waiting, level and edge. */
#include <check.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/clock.h"
#include "common/net/loop.h"

static struct loop loop;
static char told[64];
static int fds[2];

static void
tell(char c)
{
	size_t n = strlen(told);

	ck_assert_uint_lt(n, sizeof(told) - 1);
	told[n] = c;
	told[n + 1] = '\0';
}

static void
setup(void)
{
	ck_assert(loop_init(&loop));
	ck_assert_int_eq(
	    socketpair(
		AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds),
	    0);
	told[0] = '\0';
}

static void
teardown(void)
{
	loop_fini(&loop);
	close(fds[0]);
	close(fds[1]);
}

static void
turn(const char *want)
{
	told[0] = '\0';
	ck_assert(loop_turn(&loop, 0));
	ck_assert_str_eq(told, want);
}

static void
on_event(struct loop_watch *w, unsigned events)
{
	(void)w;
	tell('e');
	if (events & LOOP_READ)
		tell('r');
	if (events & LOOP_WRITE)
		tell('w');
	if (events & LOOP_HANGUP)
		tell('h');
}

static void
before_wait(void *ctx)
{
	(void)ctx;
	tell('<');
}

static void
after_wait(void *ctx)
{
	(void)ctx;
	tell('>');
}

static struct loop_task again, to_free;

static void
on_task(struct loop_task *t)
{
	tell('t');
	if (t != &again)
		loop_defer(&loop, &again);
}

static void
on_free(struct loop_task *t)
{
	(void)t;
	tell('f');
}

static void
on_timer(struct timer *t)
{
	(void)t;
	tell('T');
	loop_defer_free(&loop, &to_free);
}

START_TEST(order_of_a_turn)
{
	struct loop_watch w = { .fn = on_event, .fd = fds[0] };
	struct loop_task task;
	struct timer timer;

	loop.before_wait = before_wait;
	loop.after_wait = after_wait;
	ck_assert(loop_add(&loop, &w, false));
	loop_task_init(&task, on_task);
	loop_task_init(&again, on_task);
	loop_task_init(&to_free, on_free);
	timer_init(&timer, on_timer);
	timer_set(&loop.timers, &timer, (struct mono){ 0 });
	loop_defer(&loop, &task);
	loop_defer(&loop, &task);
	turn("<>ewtTf");
	/* The task that a task queued; the edge does not come again. */
	turn("<>t");
	turn("<>");
	ck_assert_uint_eq(loop.turns, 3);
	ck_assert_uint_eq(loop.events, 1);
}
END_TEST

START_TEST(edges)
{
	struct loop_watch w = { .fn = on_event, .fd = fds[0] };

	ck_assert(loop_add(&loop, &w, false));
	turn("ew");
	ck_assert_int_eq((int)write(fds[1], "x", 1), 1);
	turn("erw");
	turn("");
	ck_assert_int_eq(shutdown(fds[1], SHUT_WR), 0);
	turn("erwh");
	loop_remove(&loop, &w);
	close(fds[1]);
	fds[1] = dup(fds[0]);
	turn("");
}
END_TEST

START_TEST(levels_pause)
{
	struct loop_watch w = { .fn = on_event, .fd = fds[0] };

	ck_assert(loop_add(&loop, &w, true));
	turn("");
	ck_assert_int_eq((int)write(fds[1], "x", 1), 1);
	turn("er");
	turn("er");
	loop_level_pause(&loop, &w, true);
	turn("");
	loop_level_pause(&loop, &w, false);
	turn("er");
	loop_level_pause(&loop, &w, true);
	/* A hangup cannot be masked, but it must not make the loop spin. */
	close(fds[1]);
	fds[1] = dup(fds[0]);
	ck_assert(loop_turn(&loop, 0));
	turn("");
}
END_TEST

static struct loop_watch pair[2];

static void
remove_other(struct loop_watch *w, unsigned events)
{
	(void)events;
	tell('x');
	loop_remove(&loop, &pair[w == &pair[0]]);
}

START_TEST(removed_within_the_batch)
{
	for (int i = 0; i < 2; i++) {
		pair[i] =
		    (struct loop_watch){ .fn = remove_other, .fd = fds[i] };
		ck_assert(loop_add(&loop, &pair[i], false));
	}
	turn("x");
}
END_TEST

static void
tell_which(struct loop_watch *w, unsigned events)
{
	(void)events;
	tell(w == &pair[0] ? '0' : '1');
}

/* Whatever the order in which they became ready. */
START_TEST(first_of_the_batch)
{
	for (int chosen = 0; chosen < 2; chosen++) {
		for (int i = 0; i < 2; i++) {
			pair[i] = (struct loop_watch){ .fn = tell_which,
				.fd = fds[i],
				.first = i == chosen };
			ck_assert(loop_add(&loop, &pair[i], false));
		}
		turn(chosen == 0 ? "01" : "10");
		for (int i = 0; i < 2; i++)
			loop_remove(&loop, &pair[i]);
	}
}
END_TEST

static void
tell_late(struct loop_watch *w)
{
	tell(w == &pair[0] ? 'x' : 'y');
	/* The batch is over. */
	ck_assert(!loop_after_batch(&loop, w, tell_late));
}

static void
put_off(struct loop_watch *w, unsigned events)
{
	bool taken = loop_after_batch(&loop, w, tell_late);

	tell_which(w, events);
	ck_assert(taken);
	tell(loop_has_more(&loop) ? '+' : '-');
	loop_defer(&loop, &again);
}

START_TEST(put_off_to_the_end_of_the_batch)
{
	ck_assert(!loop_after_batch(&loop, &pair[0], tell_late));
	loop_task_init(&again, on_task);
	for (int i = 0; i < 2; i++) {
		pair[i] = (struct loop_watch){
			.fn = put_off, .fd = fds[i], .first = i == 1
		};
		ck_assert(loop_add(&loop, &pair[i], false));
	}
	turn("1+0-yxt");
	ck_assert_int_eq((int)write(fds[0], "x", 1), 1);
	turn("1-yt");
}
END_TEST

static void
put_off_many(struct loop_watch *w, unsigned events)
{
	(void)events;
	for (int i = 0; i < LOOP_LATE_MAX; i++)
		(void)loop_after_batch(&loop, w, tell_late);
	ck_assert(!loop_after_batch(&loop, w, tell_late));
	loop.late_count = 1;
}

START_TEST(no_room_to_put_off)
{
	for (int i = 0; i < 2; i++) {
		pair[i] =
		    (struct loop_watch){ .fn = put_off_many, .fd = fds[i] };
		ck_assert(loop_add(&loop, &pair[i], false));
	}
	ck_assert(loop_turn(&loop, 0));
	ck_assert_uint_eq(loop.late_count, 0);
}
END_TEST

START_TEST(cancelled_tasks)
{
	struct loop_task a, b;

	loop_task_init(&a, on_free);
	loop_task_init(&b, on_free);
	loop_defer(&loop, &a);
	loop_defer_free(&loop, &b);
	loop_task_cancel(&a);
	loop_task_cancel(&b);
	turn("");
	/* Being freed supersedes being run. */
	loop_defer(&loop, &a);
	loop_defer_free(&loop, &a);
	turn("f");
}
END_TEST

static void
on_stop(struct timer *t)
{
	(void)t;
	loop.stop = true;
}

START_TEST(sleeps_until_the_timer)
{
	struct mono start = clock_now();
	struct timer timer;

	timer_init(&timer, on_stop);
	timer_set(&loop.timers, &timer, mono_add_us(start, 30000));
	ck_assert(loop_run(&loop));
	ck_assert_uint_ge(mono_diff_us(clock_now(), start), 30000);
	/* It slept, rather than spun. */
	ck_assert_uint_lt(loop.turns, 6);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("loop");
	TCase *tc = tcase_create("loop");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, order_of_a_turn);
	tcase_add_test(tc, edges);
	tcase_add_test(tc, levels_pause);
	tcase_add_test(tc, removed_within_the_batch);
	tcase_add_test(tc, first_of_the_batch);
	tcase_add_test(tc, put_off_to_the_end_of_the_batch);
	tcase_add_test(tc, no_room_to_put_off);
	tcase_add_test(tc, cancelled_tasks);
	tcase_add_test(tc, sleeps_until_the_timer);
	tcase_add_checked_fixture(tc, setup, teardown);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
