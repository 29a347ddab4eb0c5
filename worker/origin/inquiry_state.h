/*
 * inquiry_state.h - an inquiry at work, for its rooms:
 *
 *	inquiry.c      beginning, answer, end
 *	inquiry_try.c  which endpoint, and when
 */
#ifndef WORKER_ORIGIN_INQUIRY_STATE_H
#define WORKER_ORIGIN_INQUIRY_STATE_H

#include "worker/origin/balance.h"
#include "worker/origin/call.h"
#include "worker/origin/inquiry.h"
#include "worker/origin/manner.h"
#include "worker/origin/queue.h"
#include "worker/origin/service_breaker.h"

struct inquiry {
	struct env *env;
	inquiry_done_fn *done;
	void *user;
	struct manner asked; /* the service in its image, which is pinned */
	struct arena arena;
	struct head ask, answer;
	struct slice ask_body;
	char *body; /* of the answer */
	size_t body_bytes, body_room;
	struct balance_ask balance;
	struct call call;
	struct timer timer; /* for the answer in all */
	struct timer again;
	struct loop_task begin, free;
	struct queue_waiter wait;
	uint32_t full;   /* endpoints that were tried and are only full */
	uint32_t barred; /* and those whose breaker let nothing through */
	struct service_pass pass;
	struct mono began;
	unsigned calls; /* that have begun */
	uint16_t turns; /* waited for an image in a row */
	bool head_only;
	bool booked;  /* the budget knows of it */
	bool crowded; /* waits since all were full */
	bool fresh;   /* no connection that has been idle */
	bool late;
	bool over;
};

extern const struct call_sink inquiry_sink;

/* Ends it; `done` is told. */
void inquiry_fail(struct inquiry *i, enum why why);

/*
 * Begins the next call, or waits to do so, or ends it as there is none: nothing
 * of it is looked at afterwards.
 */
void inquiry_try(struct inquiry *i);

/* The same, as forward_next: behind those that wait. */
void inquiry_next(struct inquiry *i);

/* The call ended without an answer. */
void inquiry_failed(struct call *c, enum why why);

#endif
