/*
 * idler.h - a child that has the CPU when nobody else wants it, so that those
 * who serve do not notice it; but not for ever, since on a machine that is
 * always busy it would never end.
 *
 *	idler_begin  (the child)    SCHED_IDLE
 *	idler_hurry  (its parent)   as any other, but less nice to it
 */
#ifndef MASTER_IDLER_H
#define MASTER_IDLER_H

#include <stdbool.h>
#include <sys/types.h>

#define IDLER_NICE 10    /* of a child that is no idler, or is none any more */
#define IDLER_US 250000u /* so long, then idler_hurry */

/*
 * From the child. It becomes an idler only where its parent can end that: with
 * RLIMIT_NICE or CAP_SYS_NICE (systemd: LimitNICE=+10). False: it is only nice.
 */
bool idler_begin(void);

/* From its parent, after IDLER_US; nothing happens to one that is no idler. */
void idler_hurry(pid_t child);

#endif
