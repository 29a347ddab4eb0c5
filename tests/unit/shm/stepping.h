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

#include "shm/counters.c"
#include "shm/epoch.c"
#include "shm/extent.c"
#include "shm/registry.c"
#include "shm/registry_map.c"
#include "shm/registry_names.c"
#include "shm/registry_reclaim.c"
#include "shm/registry_sets.c"
#include "shm/slots.c"
#include "tests/unit/shm/fixture.h"

void (*shm_step_hook)(const char *name);

static inline void
stepping_die(void)
{
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

#endif
