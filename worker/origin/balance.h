/*
 * balance.h - which endpoint of a service gets the next call: skips what was
 * tried, turns to the backups when no primary is left, and asks the service's
 * algorithm (lb.h) for the rest.
 */
#ifndef WORKER_ORIGIN_BALANCE_H
#define WORKER_ORIGIN_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/image.h"
#include "shm/registry.h"
#include "worker/flow/env.h"

#define BALANCE_TRIED_MAX 16

/* Endpoints that this request has tried. */
struct balance_tried {
	uint32_t count;
	uint32_t index[BALANCE_TRIED_MAX]; /* registry indexes */
};

/* What a request asks for. */
struct balance_ask {
	uint32_t service;   /* registry slot */
	uint32_t algorithm; /* enum img_balance */
	uint64_t hash;      /* of the service's key; only with hash */
	struct balance_tried tried;
};

/* How a call went. */
enum balance_outcome {
	BALANCE_ANSWERED,
	BALANCE_ERROR,     /* answered with a 5xx status */
	BALANCE_FAILED,    /* not connected, or no whole answer */
	BALANCE_ABANDONED, /* given up here before it was answered */
};

/* NULL without memory. */
struct balance *balance_new(struct env *e);
void balance_free(struct balance *b);

/*
 * Chooses; NULL when the service has no endpoint left that was not tried. The
 * member is readable in this turn only.
 */
const struct eset_member *
balance_pick(struct balance *b, const struct balance_ask *ask);

/* Tells the algorithm that a call to h took `us`, to the head of its answer. */
void balance_feedback(struct balance *b, uint32_t algorithm,
    struct endpoint_handle h, enum balance_outcome outcome, uint64_t us);

#endif
