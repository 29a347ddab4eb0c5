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
#include "shm/breaker.h"
#include "worker/origin/balance.h"
#include "worker/origin/lb_node.h"

/* Which members are skipped, besides those that were tried. */
enum lb_mind {
	LB_MIND_NOTHING, /* none: all are usable */
	LB_MIND_CLOSED,  /* drained ones, and those in maintenance */
	LB_MIND_SICK,    /* those, and sick ones */
};

/* What is chosen from: a stretch of a set. At least two members. */
struct lb_tier {
	const struct eset_member *members;
	uint32_t count;
	enum lb_mind mind;
	bool skips;             /* some may be skipped */
	uint32_t scale;         /* no lb_share is above it; 0: all are full */
	struct lb_nodes *nodes; /* what this worker knows of them */
	const struct region *region; /* their vitals and breakers */
	/* Those whose breaker lets nothing through are skipped, too, unless
	 * `mind` is NOTHING. NULL: breakers are not minded. */
	const struct breaker_rule *breaker;
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

#define LB_NONE UINT32_MAX

struct lb_ops {
	const char *name;
	/* The set has changed: makes s->own, NULL before. False: no memory. */
	bool (*prepare)(struct lb_state *s, const struct lb_tier *t);
	/* The number of a member that lb_skips does not skip, or LB_NONE. */
	uint32_t (*pick)(struct lb_state *s, const struct lb_tier *t,
	    const struct balance_ask *ask);
	/* How a call to the endpoint went; NULL: of no interest. */
	void (*feedback)(struct lb_node *n, struct mono now,
	    enum balance_outcome outcome, uint64_t us);
};

extern const struct lb_ops lb_rr, lb_least, lb_random, lb_hash, lb_p2c;

/* The one place that says which members a request does not get. */
bool
lb_refuses(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i);

static inline bool
lb_skips(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	return t->skips && lb_refuses(t, ask, i);
}

/*
 * Its breaker lets nothing through now: it is open, or half-open and all that
 * is wanted is on its way. *wait_us: for how long yet; 0: nobody knows.
 */
bool lb_barred(const struct region *r, const struct breaker_rule *rule,
    uint32_t index, uint64_t now_us, uint64_t *wait_us);

/* It was left alone, and is to be tried again. */
bool lb_due(const struct lb_tier *t, uint32_t i);

/* The first member at i or behind it, in a circle, that is not skipped; or
 * LB_NONE. */
uint32_t lb_unskipped(
    const struct lb_tier *t, const struct balance_ask *ask, uint32_t i);

/* By what the weights of the best endpoints are multiplied, in thousandths. */
uint32_t lb_preference(uint32_t class);

/* Thousandths of its weight that a member has for this request: 1.. */
uint32_t
lb_share(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i);

/* Its weight for this request, in thousandths. */
static inline uint64_t
lb_weight(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	uint64_t weight = t->members[i].weight;

	return weight *
	    (t->scale == 0 ? VITAL_SHARE_FULL : lb_share(t, ask, i));
}

/* 64 random bits: good for spreading, not for secrets. */
static inline uint64_t
lb_random_bits(uint64_t *random)
{
	*random += 0x9e3779b97f4a7c15u;
	return hash_u64(*random);
}

/* The upper half of 64 random bits as a number below n. */
static inline uint32_t
lb_below(uint64_t bits, uint32_t n)
{
	return (uint32_t)((bits >> 32) * n >> 32);
}

/* 64 random bits as a number below n. */
static inline uint64_t
lb_below_wide(uint64_t bits, uint64_t n)
{
	return (uint64_t)((unsigned __int128)bits * n >> 64);
}

/*
 * True for as large a part of the calls as lb_share is of t->scale: what was
 * drawn by its weight alone is taken only then.
 */
static inline bool
lb_takes(struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t i)
{
	return t->scale == 0 ||
	    lb_below(lb_random_bits(&s->random), t->scale) <
	    lb_share(t, ask, i);
}

#endif
