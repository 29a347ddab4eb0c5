/*
 * child_log.h - what a freshly forked child does to become penstocklog, which
 * is a program of its own.
 */
#ifndef MASTER_CHILD_LOG_H
#define MASTER_CHILD_LOG_H

#include "master/boot.h"
#include "shm/inherit.h"

/*
 * The descriptors of log_order.h, `control` among them, and no others; of the
 * environment what says how to write and whom to trust, and no secrets; the
 * service's user for good, without new privileges. It outlives the keeper by
 * what it has to write. Ends the process, with a line in the log, if the
 * program is not there.
 */
_Noreturn void
child_become_log(struct inherit *in, const struct boot *b, int control);

#endif
