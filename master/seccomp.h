/*
 * seccomp.h - the system calls that a process may make from here on. Any other
 * ends it at once (SIGSYS) with a line in the kernel's log.
 *
 * Nothing is installed in a build with a sanitizer.
 */
#ifndef MASTER_SECCOMP_H
#define MASTER_SECCOMP_H

#include <stdbool.h>

/* After no-new-privs was set. False when the filter cannot be installed. */
bool seccomp_worker(void);

/* Also what the loader needs, which inherits it. */
bool seccomp_master(void);

/* Of a helper: memory, eventfds, a log that is open. */
bool seccomp_helper(void);

#endif
