/*
 * errand.h - slow work that this worker has given to a helper (shm/jobs.h), and
 * who waits for it.
 *
 *	errand_send  ->  a helper does it, and wakes the worker  ->  done
 *	             ->  errand_forget: nobody waits any more
 *	             ->  ERRAND_TIMEOUT_US: done with JOB_FAILED
 */
#ifndef WORKER_FLOW_ERRAND_H
#define WORKER_FLOW_ERRAND_H

#include <stdbool.h>

#include "common/net/timer.h"
#include "shm/jobs.h"
#include "worker/flow/env.h"

#define ERRAND_TIMEOUT_US 10000000

struct errand {
	/* JOB_YES, JOB_NO or JOB_FAILED; it is over, and may be sent again. */
	void (*done)(struct errand *e, enum job_result result);
	/* its own */
	struct list link; /* env.errands */
	struct timer timer;
	struct env *env;
	uint64_t ticket;
	struct mono asked;
};

/*
 * Sends it, with `done` set: that is called later, never from here. The texts
 * are copied. False: no place is left, they are too long, or nobody helps.
 */
bool errand_send(struct env *env, struct errand *e, enum job_kind kind,
    struct slice a, struct slice b);

/* It is under way, and is not any more: `done` will not be called. */
void errand_forget(struct errand *e);

/* The worker was woken: those that helpers are done with end. */
void errands_look(struct env *env);

#endif
