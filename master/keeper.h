/*
 * keeper.h - the process that survives: it holds the region and the sockets,
 * forks master, workers and helpers, replaces them, and passes signals on.
 *
 * It parses nothing and takes no input but signals and the master's notes. If
 * it is killed, its children are killed with it (PR_SET_PDEATHSIG), so that
 * the next start finds the ports free.
 */
#ifndef MASTER_KEEPER_H
#define MASTER_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "master/boot.h"
#include "shm/inherit.h"

/* Mains of others: main.c gives them, for this folder may not know it. */
typedef int worker_main_fn(struct inherit *in, uint32_t slot);
typedef int helper_main_fn(struct inherit *in, uint32_t helper);

struct keeper_start {
	const char *path; /* of the configuration */
	const struct boot *boot;
	worker_main_fn *worker;
	helper_main_fn *helper;
	int ready_fd; /* -d: a NUL is written when all serve; else -1 */
};

/*
 * Runs until the last child has ended; returns the exit code. Complaints about
 * the start go to stderr.
 */
int keeper_main(const struct keeper_start *start);

#endif
