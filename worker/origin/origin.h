/*
 * origin.h - one connection to an endpoint: socket, codec, deadline.
 *
 *   CONNECTING -> BUSY <-> IDLE -> CLOSED
 *
 * It carries one call at a time; between calls it waits in the pool. From
 * before the connect until after the close it holds a permit of its endpoint.
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
	uint32_t permit; /* its ticket */
	uint32_t served; /* exchanges completed */
	uint8_t state;   /* enum origin_state */
	bool bounded;    /* its endpoint has a bound, as its last call says */
};

/* What a call is told by its connection. */
struct origin_events {
	void (*connected)(struct call *c);
	void (*head)(struct call *c, const struct head *h);
	void (*data)(struct call *c, struct slice bytes);
	/*
	 * The answer is complete; origin_release comes next. After a 101, the
	 * peer sends no more, and that is all.
	 */
	void (*end)(struct call *c, const struct head *trailers);
	/* Nothing more will come; the origin is closed already. `error`: the
	 * socket's errno, or 0. */
	void (*failed)(struct call *c, enum why why, int error);
	/* All queued request bytes were sent. */
	void (*drained)(struct call *c);
	/* A burst of answer bytes is over. */
	void (*burst)(struct call *c);
	/* The deadline set with origin_deadline has passed. */
	void (*expired)(struct call *c);
};

/* What a new connection is to be. */
struct origin_want {
	struct endpoint_handle handle;
	struct addr addr;
	uint32_t max_connections; /* of the endpoint, all workers'; 0: any */
	uint32_t head_bytes;      /* of an answer's head, at most */
};

/*
 * Starts a connection for call c, whose endpoint is counted as active already.
 * NULL with errno; EUSERS: the endpoint has as many as it may. Its state says
 * whether it is connected already.
 */
struct origin *origin_connect(struct env *e, struct call *c,
    const struct origin_events *events, const struct origin_want *want);

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
