/*
 * pipeline.h - the filters of a route, run in one order.
 *
 *    request  ->  forwarded -> transform -> respond | forward
 *    answer   <-  those that were passed, in reverse, and those that see every
 *                 answer, also one that was made before they were passed
 *
 * A filter that is off for a route is not in the route's mask and costs
 * nothing. The order is shm/filters.def.
 */
#ifndef WORKER_FLOW_PIPELINE_H
#define WORKER_FLOW_PIPELINE_H

#include "common/http/head.h"
#include "shm/image.h"

struct req;

enum verdict {
	GO_ON, /* the next filter */
	WAIT,  /* req_continue will be called */
	DONE,  /* the filter answers, or has answered */
};

struct filter {
	const char *name;
	/* On the way in. NULL: it sees answers only, see img_route_always. */
	enum verdict (*request)(struct req *q);
	/*
	 * On the way back, before the head is written: may change h, which
	 * head_reserve makes room in. NULL: nothing to do. A filter that sees
	 * every answer may find that there is no route (q->match.route NULL).
	 */
	void (*answer)(struct req *q, struct head *h);
};

/* Those that have an answer side: a bit of each. */
uint32_t pipeline_answering(const struct filter *filters);

/* Runs the filters from the one after those already passed. */
void pipeline_run(struct req *q);

/* Runs the answer side of the filters that are to see h, in reverse. */
void pipeline_answer(struct req *q, struct head *h);

#endif
