/* Tests of idler.c: how a child is scheduled, and that it comes back. */
#include "master/idler.h"

#include <check.h>
#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* A child that says whether it became an idler, and waits. */
static pid_t
begin(bool *became, bool unprivileged)
{
	int pair[2];
	char said;
	pid_t pid;

	ck_assert_int_eq(pipe(pair), 0);
	pid = fork();
	if (pid == 0) {
		const struct rlimit none = { 0, 0 };

		if (unprivileged &&
		    (setrlimit(RLIMIT_NICE, &none) != 0 || setuid(65534) != 0))
			_exit(1);
		said = idler_begin() ? 'y' : 'n';
		(void)!write(pair[1], &said, 1);
		for (;;)
			pause();
	}
	ck_assert_int_gt(pid, 0);
	(void)close(pair[1]);
	ck_assert_int_eq(read(pair[0], &said, 1), 1);
	(void)close(pair[0]);
	*became = said == 'y';
	return pid;
}

static void
end(pid_t pid)
{
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, NULL, 0), pid);
}

static int
nice_of(pid_t pid)
{
	errno = 0;
	return getpriority(PRIO_PROCESS, (id_t)pid);
}

START_TEST(idle_then_nice)
{
	bool became;
	pid_t pid = begin(&became, false);

	ck_assert_int_eq(nice_of(pid), IDLER_NICE);
	ck_assert_int_eq(
	    sched_getscheduler(pid), became ? SCHED_IDLE : SCHED_OTHER);
	idler_hurry(pid);
	ck_assert_int_eq(sched_getscheduler(pid), SCHED_OTHER);
	ck_assert_int_eq(nice_of(pid), IDLER_NICE);
	end(pid);
}
END_TEST

/* Who could not come back does not go there. */
START_TEST(without_a_way_back)
{
	bool became;
	pid_t pid;

	if (geteuid() != 0)
		return;
	pid = begin(&became, true);
	ck_assert(!became);
	ck_assert_int_eq(sched_getscheduler(pid), SCHED_OTHER);
	ck_assert_int_eq(nice_of(pid), IDLER_NICE);
	end(pid);
}
END_TEST

/* A batch process stays what it is. */
START_TEST(no_idler)
{
	const struct sched_param none = { 0 };
	pid_t pid = fork();

	if (pid == 0)
		for (;;)
			pause();
	ck_assert_int_gt(pid, 0);
	ck_assert_int_eq(sched_setscheduler(pid, SCHED_BATCH, &none), 0);
	idler_hurry(pid);
	ck_assert_int_eq(sched_getscheduler(pid), SCHED_BATCH);
	end(pid);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("idler");
	TCase *tc = tcase_create("idler");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, idle_then_nice);
	tcase_add_test(tc, without_a_way_back);
	tcase_add_test(tc, no_idler);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
