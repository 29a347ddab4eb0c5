/*
 * idler.c - see idler.h.
 */
#include "master/idler.h"

#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

static bool
idler_has_capability(void)
{
	struct __user_cap_header_struct head = {
		.version = _LINUX_CAPABILITY_VERSION_3
	};
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	return syscall(SYS_capget, &head, data) == 0 &&
	    (data[CAP_TO_INDEX(CAP_SYS_NICE)].effective &
		CAP_TO_MASK(CAP_SYS_NICE)) != 0;
}

/* See sched(7): who leaves SCHED_IDLE needs a limit that has its nice value. */
static bool
idler_comes_back(void)
{
	struct rlimit limit;

	return (getrlimit(RLIMIT_NICE, &limit) == 0 &&
		   limit.rlim_cur >= 20 - IDLER_NICE) ||
	    idler_has_capability();
}

bool
idler_begin(void)
{
	const struct sched_param none = { 0 };

	(void)setpriority(PRIO_PROCESS, 0, IDLER_NICE);
	return idler_comes_back() &&
	    sched_setscheduler(0, SCHED_IDLE, &none) == 0;
}

void
idler_hurry(pid_t child)
{
	const struct sched_param none = { 0 };

	if (sched_getscheduler(child) == SCHED_IDLE)
		(void)sched_setscheduler(child, SCHED_OTHER, &none);
}
