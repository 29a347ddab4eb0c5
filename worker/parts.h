/*
 * parts.h - what a worker keeps for itself to do its work: caches, companions
 * of what is in shared memory, tables of who waits for what.
 */
#ifndef WORKER_PARTS_H
#define WORKER_PARTS_H

#include <stdbool.h>

#include "worker/flow/env.h"

/* For e with its loop, region and slot. False: no memory; parts_fini follows.
 */
bool parts_init(struct env *e);
/* When no request is left. */
void parts_fini(struct env *e);

#endif
