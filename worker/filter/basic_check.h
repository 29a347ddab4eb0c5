/*
 * basic_check.h - passwords of this worker's requests that helpers check: a
 * check that several requests wait for is one job, and a client cannot have so
 * many of them that others are kept waiting.
 */
#ifndef WORKER_FILTER_BASIC_CHECK_H
#define WORKER_FILTER_BASIC_CHECK_H

#include "common/jose/mac.h"
#include "worker/flow/env.h"
#include "worker/flow/errand.h"

#define BASIC_CHECKS_MAX 32
#define BASIC_CHECKS_PER_CLIENT 8
#define BASIC_WAITS_MAX 16 /* for one check */
#define BASIC_DIGEST MAC_BYTES

struct basic_check;
struct basic_checks;

/* In env.basic_checks. NULL: no memory. */
struct basic_checks *basic_checks_new(struct env *e);
/* When nobody waits any more. */
void basic_checks_free(struct basic_checks *c);

/*
 * What stands for credentials, by a key that is new with every start of the
 * gateway. False: no memory.
 */
bool basic_checks_digest(
    struct basic_checks *c, struct slice text, uint8_t digest[BASIC_DIGEST]);

/* What is to be checked. */
struct basic_ask {
	uint8_t digest[BASIC_DIGEST]; /* what is the same has the same */
	uint64_t client;              /* whom it is counted for */
	struct slice password, hash;
};

/* One request that waits. */
struct basic_wait {
	/* JOB_YES, JOB_NO or JOB_FAILED. */
	void (*done)(struct basic_wait *w, enum job_result result);
	/* its own */
	struct list link;
	struct basic_check *check;
};

/*
 * With `done` set, which is called later. False: nothing of this digest is
 * under way, or enough wait for it already.
 */
bool basic_check_join(struct basic_checks *c, struct basic_wait *w,
    const uint8_t digest[BASIC_DIGEST]);

/*
 * The same with a check of its own. False: the client, this worker, or all of
 * them have as many under way as there may be.
 */
bool basic_check_begin(
    struct basic_checks *c, struct basic_wait *w, const struct basic_ask *ask);

/* It waits, and does not any more. */
void basic_check_forget(struct basic_wait *w);

#endif
