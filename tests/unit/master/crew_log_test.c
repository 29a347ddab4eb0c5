/*
 * Tests of crew_log.c: when the keeper starts its penstocklog, asks it to end,
 * and kills it. There is none to be run beside the test, so that what is forked
 * ends at once; the others do nothing but wait for their end.
 */
#include "tests/unit/shm/fixture.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "master/crew_log.h"
#include "shm/log_order.h"
#include "shm/readers.h"
#include "shm/slots.h"

#define SECOND 1000000u

static struct inherit *in;
static struct crew crew;
static int theirs; /* the other end of its orders */

static void
setup(void)
{
	static const struct boot boot;
	static const struct keeper_start start = { .boot = &boot };

	log_set_level(LOG_LVL_CRITICAL);
	in = calloc(1, sizeof(*in));
	ck_assert_ptr_nonnull(in);
	fixture_region(&in->region, 1);
	in->log_fd = -1;
	crew_init(&crew, in, &start);
	theirs = -1;
}

static void
teardown(void)
{
	if (crew.log.pid > 0) {
		(void)kill(crew.log.pid, SIGKILL);
		(void)waitpid(crew.log.pid, NULL, 0);
	}
	crew_fini(&crew);
	region_fini(&in->region);
	free(in);
}

/* One that runs, in place of the program. */
static void
run(void)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		for (;;)
			(void)pause();
	crew_want_log(&crew, true, 0);
	ck_assert(crew_pair(&crew.log_control, &theirs));
	slot_occupy(&in->region, SLOT_LOG, pid);
	spawn_forked(&crew.log, pid, 0);
	atomic_store(&in->region.readers->pid, pid);
	(void)crew_tend_log(&crew, SECOND);
	ck_assert_int_eq(crew.log.state, SPAWN_UP);
	ck_assert_int_eq(slot_state(&in->region, SLOT_LOG), SLOT_READY);
}

static int
reap(uint64_t now_us)
{
	int status = 0;

	ck_assert_int_eq(waitpid(crew.log.pid, &status, 0), crew.log.pid);
	crew_reap_log(&crew, crew.log.pid, status, now_us);
	ck_assert_int_eq(atomic_load(&in->region.readers->pid), 0);
	return status;
}

static uint32_t
order(struct log_order *o)
{
	return recv(theirs, o, sizeof(*o), MSG_DONTWAIT) == sizeof(*o) ? o->kind
								       : 0;
}

START_TEST(none_if_none_is_wanted)
{
	ck_assert_uint_eq(crew_tend_log(&crew, 0), UINT64_MAX);
	ck_assert_int_eq(crew.log.pid, 0);
	ck_assert(crew_log_gone(&crew));
	crew_stop_log(&crew, SECOND, 0);
	ck_assert(crew_log_gone(&crew));
}
END_TEST

/* Ever later, and for ever. */
START_TEST(who_dies_at_once_is_started_later)
{
	uint64_t now_us = SECOND, due_us = 0;

	crew_want_log(&crew, true, now_us);
	for (int i = 0; i < 4; i++) {
		ck_assert_uint_gt(crew_tend_log(&crew, now_us), now_us);
		ck_assert_int_gt(crew.log.pid, 0);
		ck_assert_int_eq(WEXITSTATUS(reap(now_us)), 127);
		due_us = crew_tend_log(&crew, now_us);
		ck_assert_uint_gt(due_us, now_us);
		ck_assert_int_eq(crew.log.pid, 0);
		now_us = due_us;
	}
	ck_assert_uint_ge(crew.log.pause_us, 80000);
	ck_assert(!crew_log_gone(&crew));
	crew_stop_log(&crew, SECOND, now_us);
	ck_assert(crew_log_gone(&crew));
}
END_TEST

START_TEST(not_wanted_any_more_and_again)
{
	struct log_order o;

	run();
	crew_want_log(&crew, false, SECOND);
	ck_assert_int_eq(order(&o), LOG_ORDER_STOP);
	ck_assert_int_eq(slot_state(&in->region, SLOT_LOG), SLOT_DRAINING);
	ck_assert(!crew_log_gone(&crew));
	/* While it still writes. */
	crew_want_log(&crew, true, SECOND);
	(void)crew_tend_log(&crew, SECOND);
	ck_assert_int_eq(crew.log.state, SPAWN_STOPPING);
	(void)kill(crew.log.pid, SIGKILL);
	(void)reap(2 * SECOND);
	ck_assert_int_eq(crew.log.state, SPAWN_GONE);
	(void)crew_tend_log(&crew, 2 * SECOND);
	ck_assert_int_eq(crew.log.state, SPAWN_STARTING);
	(void)reap(3 * SECOND);
}
END_TEST

START_TEST(who_does_not_end_is_killed)
{
	run();
	crew_stop_log(&crew, CREW_LOG_DRAIN_US, SECOND);
	ck_assert_uint_eq(
	    crew_tend_log(&crew, SECOND), SECOND + CREW_LOG_DRAIN_US);
	/* A second time: sooner. */
	crew_stop_log(&crew, CREW_LOG_HURRY_US, 2 * SECOND);
	ck_assert_uint_eq(
	    crew_tend_log(&crew, 2 * SECOND), 2 * SECOND + CREW_LOG_HURRY_US);
	(void)crew_tend_log(&crew, 2 * SECOND + CREW_LOG_HURRY_US);
	ck_assert_int_eq(WTERMSIG(reap(4 * SECOND)), SIGKILL);
	ck_assert(crew_log_gone(&crew));
}
END_TEST

START_TEST(orders)
{
	struct log_order o;

	crew_tell_log(&crew, true); /* to nobody */
	run();
	in->log_level = LOG_LVL_WARN;
	crew_tell_log(&crew, false);
	ck_assert_int_eq(order(&o), LOG_ORDER_TARGET);
	ck_assert_uint_eq(o.level, LOG_LVL_WARN);
	ck_assert_str_eq(o.target, "stderr");
	(void)strcpy(in->log_target, "syslog");
	crew_tell_log(&crew, true);
	ck_assert_int_eq(order(&o), LOG_ORDER_REOPEN);
	ck_assert_str_eq(o.target, "syslog");
}
END_TEST

START_TEST(who_hangs_is_killed)
{
	struct slot_info i;

	run();
	for (uint64_t us = 0; us <= 2 * CREW_LOG_STALE_US; us += SECOND) {
		slot_info(&in->region, SLOT_LOG, &i);
		atomic_store(&in->region.readers->beat_us, i.beat_us + SECOND);
		crew_check_log(&crew, SECOND);
	}
	ck_assert_int_eq(waitpid(crew.log.pid, NULL, WNOHANG), 0);
	for (uint64_t us = 0; us < CREW_LOG_STALE_US; us += SECOND) {
		ck_assert_int_eq(waitpid(crew.log.pid, NULL, WNOHANG), 0);
		crew_check_log(&crew, SECOND);
	}
	ck_assert_int_eq(WTERMSIG(reap(SECOND)), SIGKILL);
	ck_assert_int_eq(crew.log.state, SPAWN_DOWN);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("crew_log");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, none_if_none_is_wanted);
	tcase_add_test(tc, who_dies_at_once_is_started_later);
	tcase_add_test(tc, not_wanted_any_more_and_again);
	tcase_add_test(tc, who_does_not_end_is_killed);
	tcase_add_test(tc, orders);
	tcase_add_test(tc, who_hangs_is_killed);
	return fixture_run(tc, "crew_log");
}
