/*
 * lb.h - the contract between the frame (balance.c) and its algorithms: each is
 * a file lb_*.c with one const struct lb_ops.
 */
#ifndef WORKER_ORIGIN_LB_H
#define WORKER_ORIGIN_LB_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "worker/origin/balance.h"
#include "worker/origin/lb_node.h"

/*
 * What is chosen from: the primaries of a service, or its backups. At least two
 * members, of which at least one is not skipped.
 */
struct lb_tier {
	const struct eset_member *members;
	uint32_t count;
	struct lb_nodes *nodes; /* what this worker knows of them */
	struct mono now;
};

/* An algorithm's memory for one tier of one service. */
struct lb_state {
	uint64_t version;         /* of the set that `own` was made for */
	const struct lb_ops *ops; /* that made it */
	uint64_t random;
	uint32_t cursor;
	void *own; /* one block from malloc, or NULL */
};

struct lb_ops {
	const char *name;
	/* The set has changed: makes s->own, NULL before. False: no memory. */
	bool (*prepare)(struct lb_state *s, const struct lb_tier *t);
	/* The number of a member that lb_skips does not skip. */
	uint32_t (*pick)(struct lb_state *s, const struct lb_tier *t,
	    const struct balance_ask *ask);
	/* How a call to the endpoint went; NULL: of no interest. */
	void (*feedback)(struct lb_node *n, struct mono now,
	    enum balance_outcome outcome, uint64_t us);
};

extern const struct lb_ops lb_rr, lb_least, lb_random, lb_hash, lb_p2c;

/* The one place that says which members a request does not get. */
bool lb_tried(const struct balance_ask *ask, uint32_t index);

static inline bool
lb_skips(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	return ask->tried.count != 0 &&
	    lb_tried(ask, t->members[i].handle.index);
}

/* The first member at i or behind it, in a circle, that is not skipped. */
uint32_t lb_unskipped(
    const struct lb_tier *t, const struct balance_ask *ask, uint32_t i);

/* 64 random bits: good for spreading, not for secrets. */
static inline uint64_t
lb_random_bits(struct lb_state *s)
{
	s->random += 0x9e3779b97f4a7c15u;
	return hash_u64(s->random);
}

/* The upper half of 64 random bits as a number below n. */
static inline uint32_t
lb_below(uint64_t bits, uint32_t n)
{
	return (uint32_t)((bits >> 32) * n >> 32);
}

#endif
