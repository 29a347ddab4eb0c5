/*
 * child.h - what a freshly forked child of the keeper does before its own main:
 * name, signals, descriptors, privileges, system call filter.
 */
#ifndef MASTER_CHILD_H
#define MASTER_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "master/boot.h"
#include "shm/inherit.h"

/*
 * Closes every descriptor from 3 on that is not in keep[0..n) (-1: skipped);
 * sorts keep.
 */
void child_keep_fds(int *keep, size_t n);

/*
 * The keeper alone takes signals, also those that a terminal or a service
 * manager sends to the whole group: it tells its children what to do.
 */
void child_signals(void);

/*
 * Makes this process worker `slot`, a child of `keeper`. Of struct inherit
 * there stay open: the region's descriptors, the wake descriptors, the log's,
 * and this slot's control and listening sockets; the others become -1. False
 * with a line in the log.
 */
bool child_become_worker(
    struct inherit *in, const struct boot *b, uint32_t slot, pid_t keeper);

/* The same for the master: it keeps no listening and no control sockets. */
bool
child_become_master(struct inherit *in, const struct boot *b, pid_t keeper);

/*
 * The same for a helper: it keeps the wake descriptors and the log's, and of
 * the region what its work needs; it is nice.
 */
bool child_become_helper(
    struct inherit *in, const struct boot *b, uint32_t helper, pid_t keeper);

#endif
