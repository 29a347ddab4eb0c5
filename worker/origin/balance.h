/*
 * balance.h - which endpoint of a service gets the next call: skips what was
 * tried, asks the service's algorithm for the rest.
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

/* This worker's view of one service; `own` is the algorithm's. */
struct lb_state {
	uint64_t version; /* of the set that `own` was made for */
	uint32_t cursor;
	int64_t *own;
};

/* An algorithm. */
struct lb_ops {
	const char *name;
	/* The set has changed: (re)makes s->own. False without memory. */
	bool (*prepare)(struct lb_state *s, const struct eset *set);
	/*
	 * The next member's number, among those with skip(member) false; at
	 * least one exists.
	 */
	uint32_t (*pick)(struct lb_state *s, const struct eset *set,
	    const struct balance_tried *tried);
};

extern const struct lb_ops lb_rr;

struct balance *balance_new(struct env *e);
void balance_free(struct balance *b);

/*
 * Chooses; NULL when the service has no endpoint left that was not tried. The
 * member is readable in this turn only.
 */
const struct eset_member *balance_pick(struct balance *b, uint32_t service,
    uint32_t algorithm, const struct balance_tried *tried);

bool balance_was_tried(const struct balance_tried *t, uint32_t index);

#endif
