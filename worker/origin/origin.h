/*
 * origin.h - what a call has of its endpoint: a connection of its own (solo.h,
 * HTTP/1), or a stream on one that many calls share (mux.h, HTTP/2). Nothing
 * above knows which it is.
 *
 *   CONNECTING -> BUSY <-> IDLE -> CLOSED        solo
 *   CONNECTING -> BUSY ----------> CLOSED        a lane of a mux
 *
 * It carries one call at a time; a solo waits in the pool between calls. Each
 * connection holds a permit of its endpoint, from before the connect until
 * after the close.
 */
#ifndef WORKER_ORIGIN_ORIGIN_H
#define WORKER_ORIGIN_ORIGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/http/codec.h"
#include "common/net/io.h"
#include "shm/registry.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

enum origin_state {
	ORIGIN_CONNECTING, /* a lane also: waits for a stream */
	ORIGIN_BUSY,
	ORIGIN_IDLE,
	ORIGIN_CLOSED
};

struct call;
struct origin_events;

struct origin {
	struct timer timer;
	struct env *env;
	const struct origin_events *events;
	struct call *call;     /* NULL while idle */
	struct io *io;         /* its own connection; NULL: a shared one */
	struct stream *stream; /* NULL while a lane waits for it */
	struct endpoint_handle handle;
	uint8_t state; /* enum origin_state */
	bool paused;   /* the answer is not read on */
	bool sent_all; /* the request was handed over whole */
	bool ended;    /* and so was the answer */
	bool noticed;  /* the peer has reset its stream: it knows of it */
	bool idled;    /* its connection had been idle, and may be dead */
};

/* What a call is told by its origin. */
struct origin_events {
	void (*connected)(struct call *c);
	void (*head)(struct call *c, const struct head *h);
	void (*data)(struct call *c, struct slice bytes);
	/*
	 * The answer is complete; origin_release comes next. After a 101, the
	 * peer sends no more, and that is all.
	 */
	void (*end)(struct call *c, const struct head *trailers);
	/*
	 * Nothing more will come; the origin is closed already. `error`: the
	 * socket's errno, or 0; with WHY_UPSTREAM_PROTOCOL, EOPNOTSUPP: it
	 * speaks HTTP/2, but takes no extended CONNECT; with
	 * WHY_UPSTREAM_REFUSED, ESHUTDOWN: with its connection.
	 * WHY_ENDPOINTS_FULL: what it waited for had no room for it after all.
	 */
	void (*failed)(struct call *c, enum why why, int error);
	/* Not all were that origin_flush took for sent. */
	void (*stalled)(struct call *c);
	/* All queued request bytes were sent. */
	void (*drained)(struct call *c);
	/* A burst of answer bytes is over. */
	void (*burst)(struct call *c);
	/* Whither the answer's body may go as it is; and so much of it did. */
	struct io_pass (*passes)(struct call *c);
	void (*passed)(struct call *c, size_t n);
	/* The deadline set with origin_deadline has passed. */
	void (*expired)(struct call *c);
};

struct tls_client;

/* What a call needs of its endpoint. */
struct origin_want {
	struct endpoint_handle handle;
	struct addr addr;
	uint32_t service;         /* registry slot */
	uint32_t max_connections; /* of the endpoint, all workers'; 0: any */
	uint32_t head_bytes;      /* of an answer's head, at most */
	uint32_t max_idle;        /* connections that are kept idle, and */
	uint64_t idle_us;         /* for how long */
	bool h2;                  /* else HTTP/1 */
	bool tunnel; /* an extended CONNECT, where the protocol is HTTP/2 */
	bool fresh;  /* none that was idle: it may be closing */
	bool peek;   /* look first whether an idle one is still open */
	struct tls_client *tls; /* NULL: plain */
	struct slice name;      /* that the certificate is for */
	uint64_t name_hash;
};

/*
 * Gets one for call c, whose endpoint is counted as active already: of a pooled
 * connection or a new one; its state says whether it is connected already. NULL
 * with errno; EUSERS: the endpoint has as many connections as it may, and no
 * room on them.
 */
struct origin *origin_take(struct env *e, struct call *c,
    const struct origin_events *events, const struct origin_want *want);

/* us from now; 0: no deadline. */
static inline void
origin_deadline(struct origin *o, uint64_t us)
{
	if (us == 0)
		timer_cancel(&o->timer);
	else
		timer_set(&o->env->loop->timers, &o->timer,
		    mono_add_us(clock_now(), us));
}

/*
 * The call is over: a connection that the exchange left clean is kept, where it
 * may be.
 */
void origin_release(struct origin *o);

/* Gives up, and frees it (at the end of the turn). */
void origin_close(struct origin *o);

/* Stops reading the answer, or goes on. */
void origin_pause(struct origin *o, bool paused);

/*
 * Nothing was heard on it for too long, since `began`: a shared connection may
 * be dead.
 */
void origin_suspect(struct origin *o, struct mono began);

/* Sends what is queued of a lane: at the end of the turn, with that of others.
 */
bool origin_flush_lane(struct origin *o);

/*
 * Sends what is queued, at the latest at the end of the batch of events; of a
 * request that was not handed over whole, rather then. False: so much is left
 * that the sender should wait; it is told `drained`.
 */
static inline bool
origin_flush(struct origin *o)
{
	return o->io != NULL ? io_flush_soon(o->io, !o->sent_all)
			     : origin_flush_lane(o);
}

/* Bytes of the request that are still to be sent. */
static inline size_t
origin_queued(const struct origin *o)
{
	if (o->io != NULL)
		return io_queued(o->io);
	return o->stream != NULL ? stream_queued(o->stream) : 0;
}

/* After a 101 and stream_end: the peer sees that no more comes. */
static inline void
origin_shut(struct origin *o)
{
	if (o->io != NULL)
		io_shutdown(o->io);
}

#endif
