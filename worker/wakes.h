/*
 * wakes.h - how a worker wakes other processes.
 */
#ifndef WORKER_WAKES_H
#define WORKER_WAKES_H

#include "worker/flow/env.h"

/* Sets e->wake_*, which need e->in. */
void wakes_set(struct env *e);

#endif
