/*
 * limit_state.h - what a request was charged, for limit*.c alone. It lives in
 * the request's arena.
 */
#ifndef WORKER_FILTER_LIMIT_STATE_H
#define WORKER_FILTER_LIMIT_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/img_protect.h"
#include "shm/limiter.h"
#include "worker/flow/req.h"

struct limit_charge {
	const struct img_limit *of; /* in the pinned image */
	struct limiter_key key;
	struct limiter_rate rate; /* not of CONCURRENCY */
	uint64_t now_us;          /* likewise: when it was charged */
	struct limiter_left left; /* of CONCURRENCY: the limit alone */
	uint32_t table;           /* enum limiter_table */
	uint32_t ticket;          /* CONCURRENCY: a permit, or PERMIT_NONE */
};

struct limits {
	struct env *env;
	uint32_t count; /* charges that stand, or stood */
	bool releases;  /* limits_release is registered */
	bool refused;   /* the last of them was, the others are given back */
	bool told;      /* the answer has its fields */
	bool noted;     /* the three below are set */
	uint32_t row;   /* of limit_names: the tightest one's, */
	uint32_t left;  /* and what is left of it */
	const struct limit_charge *tightest;
	struct limit_charge charges[];
};

/* What q is counted by, in which table. */
void limit_key_make(
    const struct req *q, const struct img_limit *l, struct limit_charge *c);

#endif
