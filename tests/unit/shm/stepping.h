/*
 * stepping.h - the protocols compiled with their steps: a process kills itself
 * before a chosen store. Includes the sources under test; they stand in for
 * those of the archive.
 */
#ifndef TESTS_UNIT_SHM_STEPPING_H
#define TESTS_UNIT_SHM_STEPPING_H

#define SHM_STEPPING

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/sanitized.h"
#include "shm/audit.c"
#include "shm/breaker.c"
#include "shm/breaker_history.c"
#include "shm/breaker_keep.c"
#include "shm/breaker_window.c"
#include "shm/breaker_word.c"
#include "shm/budget.c"
#include "shm/counters.c"
#include "shm/epoch.c"
#include "shm/extent.c"
#include "shm/families.c"
#include "shm/history.c"
#include "shm/jobs.c"
#include "shm/keyed.c"
#include "shm/keysets.c"
#include "shm/limiter.c"
#include "shm/limiter_key.h"
#include "shm/limiter_table.c"
#include "shm/override.c"
#include "shm/permit.c"
#include "shm/recorder.c"
#include "shm/registry.c"
#include "shm/registry_map.c"
#include "shm/registry_names.c"
#include "shm/registry_reclaim.c"
#include "shm/registry_sets.c"
#include "shm/slots.c"
#include "shm/tokens.c"
#include "shm/vital.c"
#include "shm/waiters.c"
#include "tests/unit/shm/fixture.h"

void (*shm_step_hook)(const char *name);

static inline void
stepping_die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

/* A fork under a sanitizer is slow: there, every fifth place has to do. */
#if SANITIZED_ADDRESS
#define STRIDE 5
#else
#define STRIDE 1
#endif

static uint32_t steps_left; /* 0: never die */

static inline void
step_count(const char *name)
{
	(void)name;
	if (steps_left != 0 && --steps_left == 0)
		stepping_die();
}

/* Runs `what` in a child that dies before step k; true: it was not reached. */
static inline bool
run_killed(void (*what)(struct region *r), struct region *r, uint32_t k)
{
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		steps_left = k;
		shm_step_hook = step_count;
		what(r);
		_exit(0);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status)) {
		ck_assert_int_eq(WEXITSTATUS(status), 0);
		return true;
	}
	ck_assert_int_eq(WTERMSIG(status), SIGKILL);
	return false;
}

#endif
