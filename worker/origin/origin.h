/*
 * origin.h - one connection to an endpoint: socket, codec, deadline.
 *
 *   CONNECTING -> BUSY <-> IDLE -> CLOSED
 *
 * It carries one call at a time; between calls it waits in the pool.
 */
#ifndef WORKER_ORIGIN_ORIGIN_H
#define WORKER_ORIGIN_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/http/h1.h"
#include "common/net/io.h"
#include "shm/registry.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

enum origin_state {
	ORIGIN_CONNECTING,
	ORIGIN_BUSY,
	ORIGIN_IDLE,
	ORIGIN_CLOSED
};

struct call;
struct origin_events;

struct origin {
	struct io io;
	struct h1 codec;
	struct timer timer;
	struct loop_task free_task;
	struct env *env;
	const struct origin_events *events;
	struct call *call;     /* NULL while idle */
	struct list pool_link; /* in its endpoint's idle list */
	struct endpoint_handle handle;
	struct codec_limits limits;
	uint32_t served; /* exchanges completed */
	uint8_t state;   /* enum origin_state */
};

/* What a call is told by its connection. */
struct origin_events {
	void (*connected)(struct call *c);
	void (*head)(struct call *c, const struct head *h);
	void (*data)(struct call *c, struct slice bytes);
	/* The answer is complete; origin_release comes next. */
	void (*end)(struct call *c, const struct head *trailers);
	/* Nothing more will come; the origin is closed already. */
	void (*failed)(struct call *c, enum why why);
	/* All queued request bytes were sent. */
	void (*drained)(struct call *c);
	/* A burst of answer bytes is over. */
	void (*burst)(struct call *c);
	/* The deadline set with origin_deadline has passed. */
	void (*expired)(struct call *c);
};

/*
 * Starts a connection for call c. NULL with errno. *done: connected already.
 */
struct origin *origin_connect(struct env *e, struct call *c,
    const struct origin_events *events, struct endpoint_handle handle,
    const struct addr *a, uint32_t head_bytes, bool *done);

/* Takes an idle one for call c. */
void origin_reuse(struct origin *o, struct call *c);

/* us from now; 0: no deadline. */
void origin_deadline(struct origin *o, uint64_t us);

/*
 * The call is over: back to the pool when the exchange left the connection
 * clean, else closed. `idle_us` and `max_idle` are the service's.
 */
void origin_release(struct origin *o, uint64_t idle_us, uint32_t max_idle);

/* Closes and frees it (at the end of the turn). */
void origin_close(struct origin *o);

static inline struct stream *
origin_stream(struct origin *o)
{
	return &o->codec.stream;
}

#endif
