/*
 * balance.h - which endpoint of a service gets the next call. The one place
 * that skips what was tried, what is drained and what is sick, spreads over all
 * when most are sick, keeps to the own zone while it is not short, and turns to
 * the backups; the service's algorithm (lb.h) does the rest.
 */
#ifndef WORKER_ORIGIN_BALANCE_H
#define WORKER_ORIGIN_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/breaker.h"
#include "shm/image.h"
#include "shm/registry.h"
#include "shm/vital.h"
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
	/*
	 * Health is not minded while less than so many per cent of what could
	 * be used is healthy; 0: always minded.
	 */
	uint32_t panic_threshold;
	uint32_t class;         /* enum img_class */
	struct vital_rule rule; /* the service's `passive` */
	/* Of the breakers of its endpoints; NULL: it has none. */
	const struct breaker_rule *breaker;
	bool bypass; /* better one whose breaker is open than none */
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

/*
 * True when none of the endpoints, tried or not, can be had because of their
 * breakers: *wait_us is until the first may be tried.
 */
bool balance_barred(
    const struct balance *b, const struct balance_ask *ask, uint64_t *wait_us);

/* How a call went, and why it failed. */
struct balance_result {
	enum balance_outcome outcome;
	enum change_cause cause; /* of ERROR and FAILED */
	uint32_t detail;         /* the status, or an errno */
	uint64_t us;             /* to the head of the answer, or the failure */
};

/*
 * Told once per call: the endpoint's vital (by `rule`), its tally and the
 * algorithm learn from it.
 */
void balance_feedback(struct balance *b, uint32_t algorithm,
    const struct vital_rule *rule, struct endpoint_handle h,
    const struct balance_result *how);

#endif
