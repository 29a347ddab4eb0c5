/*
 * call.h - one exchange with one origin: its own connection or stream, deadline
 * and counts. Who wants it (a request's forward, later a mirror or a check
 * without any client) is behind the sink.
 *
 *   call_connect, call_begin -> ready -> head/data/end out
 *                            <- interim* head data* end | failed
 *                            <- interim* switched, and then each way:
 *                               data* end, over with call_abort or failed
 */
#ifndef WORKER_ORIGIN_CALL_H
#define WORKER_ORIGIN_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/codec.h"
#include "shm/image.h"
#include "shm/vital.h"
#include "worker/origin/judge.h"
#include "worker/origin/origin.h"

/* What the exchange needs of its service, copied from the image. */
struct call_params {
	uint64_t connect_us, response_us, send_us, tunnel_us;
	uint64_t pool_idle_us;
	uint32_t pool_max_idle;
	uint32_t max_connections;
	uint32_t response_head_bytes;
	uint32_t service;  /* registry slot */
	uint32_t protocol; /* IMG_PROTOCOL_H1 or _H2 */
	/* Both hold for the next call_connect. */
	struct tls_client *tls;   /* NULL: plain */
	struct slice server_name; /* empty: the endpoint's own */
	uint32_t algorithm;       /* enum img_balance: who learns how it went */
	struct vital_rule rule;   /* and how that marks the endpoint */
	struct judge judge;       /* and what its breaker makes of it */
};

struct call_sink {
	/* Connected: the head can be sent. May come from within call_begin. */
	void (*ready)(struct call *c);
	void (*interim)(struct call *c, const struct head *h);
	void (*head)(struct call *c, const struct head *h);
	/*
	 * A 101 came, and the request had asked for one. Does it fit? Then
	 * `switched` is next, else `failed` (bad_response).
	 */
	bool (*fits)(const struct call *c, const struct head *h);
	void (*switched)(struct call *c, const struct head *h);
	void (*data)(struct call *c, struct slice bytes);
	/* Its origin has gone back already, unless it has switched. */
	void (*end)(struct call *c, const struct head *trailers);
	void (*failed)(struct call *c, enum why why);
	/* All queued request bytes were sent. */
	void (*drained)(struct call *c);
	/* A burst of answer bytes is over. */
	void (*burst)(struct call *c);
	/* Whither the answer's body may go as it is (NULL: nowhere); and so
	 * much of it did. */
	struct io_pass (*passes)(struct call *c);
	void (*passed)(struct call *c, size_t n);
};

/* Zeroed, but for its params, before env, sink, user and tunnel are set. */
struct call {
	struct env *env;
	const struct call_sink *sink;
	void *user;
	struct origin *origin; /* NULL before the start and after the end */
	struct endpoint_handle handle;
	struct addr addr;     /* of the endpoint */
	struct mono head_due; /* .us 0: not waited for yet */
	struct mono began;
	uint64_t connect_us;  /* from then until it was connected */
	struct mono whole_at; /* the request was; .us 0: it is not yet */
	uint64_t head_us;     /* the endpoint's time to the final head */
	uint16_t status;      /* of the final head; 0: none yet */
	bool reused;          /* sent on a connection that had been idle */
	bool leaving;         /* refused, as its connection was to be closed */
	bool connected;       /* had a connection: bytes may have been sent */
	bool heard;           /* at least one byte came back */
	bool tunnel;          /* it asks for another protocol */
	bool expects;         /* a 100, before any of the body is sent */
	bool starved;         /* all of it so far was sent, not the whole */
	bool events;          /* or messages of gRPC: no response timeout */
	bool switched;        /* nor is there one for another protocol */
	bool told;            /* balancing knows how it went */
	bool passing;         /* `pass` is to be given back */
	bool lent;            /* see call_lend_place */
	struct breaker_pass pass;
	uint64_t barred_us;   /* after CALL_BARRED: for so long yet */
	struct judged judged; /* of the last call that was let through */
	struct call_params params;
};

enum call_connected {
	CALL_CONNECTED,
	CALL_FULL,    /* no connection more to this endpoint */
	CALL_BARRED,  /* its breaker lets nothing through */
	CALL_LACKS,   /* memory or descriptors lack here */
	CALL_REFUSED, /* failed at once */
	CALL_PLANNED, /* it would have one: env.plans */
};

/*
 * Gets a connection to the endpoint: one that is there, unless `fresh` rules
 * out those that have been idle, `peek` checking first that such a one is still
 * open; else a new one, which may still be connecting. Calls nothing of the
 * sink. Only after CALL_CONNECTED the call has begun, and call_begin comes
 * next.
 */
enum call_connected call_connect(struct call *c, struct endpoint_handle handle,
    const struct addr *a, bool fresh, bool peek);
void call_begin(struct call *c);

/* After `ready`. `end`: no body follows. */
bool call_send_head(struct call *c, const struct head *h, bool end);
void call_send_data(struct call *c, struct slice bytes);
/* The origin of a call that has switched sees the end of the connection. */
void call_send_end(struct call *c, const struct head *trailers);

/* Whither bytes of the request's body may go as they are; and so many did,
 * which are queued. */
struct io_pass call_passes(const struct call *c);
void call_passed(struct call *c, size_t n);

/* Sends what is queued; false: the sender should wait for `drained`. */
bool call_flush(struct call *c);

/* Stops reading the answer (the sink's consumer is full), or goes on. */
void call_pause(struct call *c, bool paused);

/* Gives up: its connection or stream is closed. */
void call_abort_now(struct call *c);

/* The same; harmless when it is over. */
static inline void
call_abort(struct call *c)
{
	if (c->origin != NULL)
		call_abort_now(c);
}

/* The same because it took too long, which its endpoint is blamed for: `failed`
 * comes from within. */
void call_expire(struct call *c);

/* It was let through as one of few. */
static inline bool
call_is_probe(const struct call *c)
{
	return c->passing && c->pass.ticket != PERMIT_NONE;
}

/* Its place as a probe is another's; when it is known how it went, it takes one
 * again, if there is one. */
void call_lend_place(struct call *c);

/* Bytes that are still to be sent. */
static inline size_t
call_queued(const struct call *c)
{
	return c->origin != NULL ? origin_queued(c->origin) : 0;
}

/* Connected and not over. */
static inline bool
call_open(const struct call *c)
{
	return c->origin != NULL && c->connected;
}

#endif
