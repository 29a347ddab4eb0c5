/*
 * pipeline.h - the filters of a route, run in one order.
 *
 *    request  ->  forwarded -> transform -> respond | forward
 *    answer   <-  those that were passed, in reverse
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
	/* On the way in. */
	enum verdict (*request)(struct req *q);
	/*
	 * On the way back, before the head is written: may change h, whose
	 * fields have room as in req_answer_head. NULL: nothing to do.
	 */
	void (*answer)(struct req *q, struct head *h);
};

/* Runs the filters from the one after those already passed. */
void pipeline_run(struct req *q);

/* Runs the answer side of the passed filters over h, in reverse. */
void pipeline_answer(struct req *q, struct head *h);

#endif
