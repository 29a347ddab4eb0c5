/*
 * Tests of crew_helpers.c: what the keeper does about a helper that hangs, dies
 * or is not needed any more. The helpers do nothing but wait for their end.
 */
#include "tests/unit/shm/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/crew_helpers.h"
#include "shm/jobs.h"
#include "shm/slots.h"

#define HELPERS 2
#define SECOND 1000000u

static struct inherit *in;
static struct crew crew;

static pid_t
helper_new(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		for (;;)
			(void)pause();
	return pid;
}

static void
setup(void)
{
	static const struct keeper_start start;

	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	fixture_region(&in->region, 1);
	in->workers = 1;
	in->helpers = HELPERS;
	in->wake_fds[0] = eventfd(0, EFD_NONBLOCK);
	in->helpers_wake_fd = eventfd(0, EFD_NONBLOCK | EFD_SEMAPHORE);
	crew_init(&crew, in, &start);
	for (uint32_t h = 0; h < HELPERS; h++) {
		crew.helpers[h] =
		    (struct spawn){ .state = SPAWN_UP, .pid = helper_new() };
		slot_occupy(&in->region, SLOT_HELPER + h, crew.helpers[h].pid);
	}
}

static void
teardown(void)
{
	for (uint32_t h = 0; h < HELPERS; h++) {
		if (crew.helpers[h].pid <= 0)
			continue;
		(void)kill(crew.helpers[h].pid, SIGKILL);
		(void)waitpid(crew.helpers[h].pid, NULL, 0);
	}
	crew_fini(&crew);
	(void)close(in->wake_fds[0]);
	(void)close(in->helpers_wake_fd);
	region_fini(&in->region);
	free(in);
}

static bool
woken(int fd)
{
	uint64_t n;

	return read(fd, &n, sizeof(n)) == (ssize_t)sizeof(n);
}

/* Ends of children are taken in until helper h has none. */
static void
reap(uint32_t h)
{
	pid_t pid = crew.helpers[h].pid;
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	crew_reap_helper(&crew, pid, status, 2 * SECOND);
}

/* A look at the beats every so often, while helper 0 stands still. */
static void
look(uint64_t us)
{
	for (; us != 0; us -= SECOND) {
		struct slot_info i;

		slot_info(&in->region, SLOT_HELPER + 1, &i);
		slot_beat(&in->region, SLOT_HELPER + 1, i.beat_us + SECOND);
		crew_check_helpers(&crew, SECOND);
	}
}

START_TEST(who_hangs_is_killed)
{
	int status;

	/* The first look only sees where the beats are. */
	look(CREW_HELPER_STALE_US);
	ck_assert_int_eq(waitpid(crew.helpers[0].pid, &status, WNOHANG), 0);
	look(SECOND);
	ck_assert_int_eq(
	    waitpid(crew.helpers[0].pid, &status, 0), crew.helpers[0].pid);
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	ck_assert_int_eq(waitpid(crew.helpers[1].pid, &status, WNOHANG), 0);
	crew_reap_helper(&crew, crew.helpers[0].pid, status, 2 * SECOND);
}
END_TEST

START_TEST(what_it_was_at_is_done_by_the_next)
{
	struct job j;

	ck_assert_uint_ne(
	    jobs_ask(&in->region, 0, JOB_CRYPT, SLICE_LIT("a"), SLICE_LIT("b")),
	    JOB_NONE);
	ck_assert(jobs_take(&in->region, 1, &j));
	(void)kill(crew.helpers[1].pid, SIGKILL);
	ck_assert(!jobs_take(&in->region, 0, &j));
	reap(1);
	ck_assert(woken(in->helpers_wake_fd));
	ck_assert(woken(in->wake_fds[0]));
	ck_assert(jobs_take(&in->region, 0, &j));
	ck_assert_int_eq(crew.helpers[1].state, SPAWN_DOWN);
	ck_assert_int_eq(crew.helpers[0].state, SPAWN_UP);
	ck_assert_uint_eq(crew_helpers_up(&crew), 1);
}
END_TEST

START_TEST(others_are_none_of_them)
{
	crew_reap_helper(&crew, getpid(), 0, SECOND);
	ck_assert_uint_eq(crew_helpers_up(&crew), 2);
	ck_assert(!woken(in->helpers_wake_fd));
}
END_TEST

START_TEST(all_end_with_a_stop)
{
	crew.helpers[2].state = SPAWN_DOWN;
	crew_stop_helpers(&crew, SECOND);
	ck_assert(!crew_helpers_gone(&crew));
	for (uint32_t h = 0; h < HELPERS; h++)
		reap(h);
	ck_assert(crew_helpers_gone(&crew));
	ck_assert(!crew_helpers_hopeless(&crew));
}
END_TEST

START_TEST(early_deaths_leave_no_hope)
{
	crew.helpers[1].early = CREW_EARLY_MAX - 1;
	ck_assert(!crew_hopeless(&crew));
	crew.helpers[1].early = CREW_EARLY_MAX;
	ck_assert(crew_hopeless(&crew));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, who_hangs_is_killed);
	tcase_add_test(tc, what_it_was_at_is_done_by_the_next);
	tcase_add_test(tc, others_are_none_of_them);
	tcase_add_test(tc, all_end_with_a_stop);
	tcase_add_test(tc, early_deaths_leave_no_hope);
	return fixture_run(tc, "crew_helpers");
}
