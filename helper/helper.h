/*
 * helper.h - one helper process: does what would hold up a worker, such as to
 * check a password against a slow hash. It has neither sockets nor files, and
 * of the region only the slots and the place of jobs (shm/jobs.h).
 */
#ifndef HELPER_HELPER_H
#define HELPER_HELPER_H

#include <stdint.h>

#include "shm/inherit.h"

/*
 * Runs helper `helper` until the keeper ends it; returns only when it cannot
 * go on. Called in a freshly forked child, with what child_become_helper left
 * of struct inherit.
 */
int helper_main(struct inherit *in, uint32_t helper);

/*
 * Does all jobs that are there, and wakes nobody: for a process that is its own
 * helper.
 */
void helper_do_all(struct region *r);

#endif
