/*
 * worker.h - one worker process: client traffic and nothing else.
 */
#ifndef WORKER_WORKER_H
#define WORKER_WORKER_H

#include <stdint.h>

#include "shm/inherit.h"

/*
 * Runs worker `slot` until it is told to stop; returns the exit code. Called
 * in a freshly forked child with the keeper's struct inherit; closes every
 * descriptor in it that is not this slot's.
 */
int worker_main(struct inherit *in, uint32_t slot);

#endif
