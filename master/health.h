/*
 * health.h - the master's regular look at the endpoints: logs what has changed
 * in their histories and in those of breakers, lets those that are new or back
 * start slowly, and keeps their scores. What is judged by probes is in
 * probes.c.
 *
 * All that lasts is in the vitals, so that a successor goes on from there.
 */
#ifndef MASTER_HEALTH_H
#define MASTER_HEALTH_H

#include <stdint.h>

#include "common/net/loop.h"
#include "master/breaker_log.h"
#include "master/score.h"
#include "shm/image.h"
#include "shm/region.h"

struct health {
	struct region *region;
	struct loop *loop;
	struct timer timer;
	struct scores *scores;
	uint64_t changes; /* history_changes when it was last looked at */
	uint64_t *logged; /* per endpoint: changes that were looked at */
	struct mono scored;
	struct breaker_log breakers;
};

/* Starts looking; no memory is fatal. */
void health_init(struct health *h, struct loop *loop, struct region *r);
void health_fini(struct health *h);

/* The configuration or a set has changed: looks again at once. */
void health_follow(struct health *h);

#endif
