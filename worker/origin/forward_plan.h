/*
 * forward_plan.h - what a forward would do (env.plans): which endpoint it would
 * call, which others it may have, and why not the rest.
 */
#ifndef WORKER_ORIGIN_FORWARD_PLAN_H
#define WORKER_ORIGIN_FORWARD_PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

struct req;

/* A forward is at work on q, and has come to the call that it would make. */
bool forward_planned(const struct req *q);

/* A member of the set of q's service. */
struct plan_member {
	struct slice addr, label;
	uint32_t weight;
	bool backup, near;
	bool chosen;     /* it was drawn; by another draw it is another one */
	const char *bar; /* why it is not to be had; NULL: it is */
};

/* Member number i; false: there are no more. While q is at work. */
bool
forward_plan_member(const struct req *q, uint32_t i, struct plan_member *m);

/* How many requests wait for q's service. */
uint32_t forward_plan_waiting(const struct req *q);

#endif
