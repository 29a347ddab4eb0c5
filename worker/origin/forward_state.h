/*
 * forward_state.h - a forward at work, for its rooms:
 *
 *	forward.c         the client's side: start, body, give up
 *	forward_try.c     which endpoint next, and when
 *	forward_answer.c  the origin's side: answers on, or dropped
 *	forward_body.c    a body that is kept to be sent again
 *	forward_full.c    when no endpoint takes a connection more
 *	forward_manner.c  as an endpoint is spoken to
 *	forward_tunnel.c  what follows a 101
 */
#ifndef WORKER_ORIGIN_FORWARD_STATE_H
#define WORKER_ORIGIN_FORWARD_STATE_H

#include "common/base/buf.h"
#include "worker/flow/req.h"
#include "worker/origin/balance.h"
#include "worker/origin/call.h"

struct tunnel;

struct forward {
	struct req *req;
	struct call call;
	struct balance_ask ask;
	struct mono began;
	enum why why;        /* of the last failed call; WHY_OK: none yet */
	uint8_t spared;      /* calls that count for nothing: see forward_try */
	bool client_paused;  /* the request body waits for us */
	bool body_begun;     /* body bytes went out */
	bool keeping;        /* and all of them are in `kept` */
	bool interim;        /* the client has seen an interim answer */
	bool waiting;        /* `timer` goes on; what a call says is dropped */
	bool delayed;        /* the delay before the next call is over */
	uint32_t dropped;    /* body bytes of the answer that is dropped */
	struct obuf kept;    /* the body so far */
	struct timer timer;  /* fn is NULL before its first use */
	struct mono full_at; /* no endpoint took a connection since then */
	uint32_t full;       /* bit i: ask.tried.index[i] is only full */
	uint64_t manner;     /* of the last call */
	uint16_t turns;      /* waited for an image in a row */
	uint16_t full_steps; /* waited for that so often */
	uint8_t full_looks;  /* in a row that found no idle connection */
	struct tunnel *tunnel; /* NULL: there was no 101 */
};

_Static_assert(BALANCE_TRIED_MAX <= 32, "a bit for each in `full`");

/* ---- forward.c ---- */

extern const struct call_sink forward_sink;

/* The client's body bytes wait, or come. */
void forward_pause_client(struct forward *f, bool paused);
/* Nobody takes them now: they stay where they are. */
void forward_hold_body(struct forward *f);
/* Sends what is queued; the client waits while it is not taken. */
void forward_flush(struct forward *f);

/* Of its handler, and a tunnel's: room, flush and abort. */
void forward_room(struct req *q);
void forward_client_burst(struct req *q);
void forward_abort(struct req *q);

/* A call of the present try is connected and wants the request. */
static inline bool
forward_sending(const struct forward *f)
{
	return call_open(&f->call) && !f->waiting;
}

/* Calls so far, without those that found their connection closing. */
static inline uint32_t
forward_attempts(const struct forward *f)
{
	return f->req->attempts - f->spared;
}

/* So often the request may be sent, by its class. */
static inline uint32_t
forward_attempts_max(const struct forward *f)
{
	const struct req *q = f->req;

	return q->service->retry.attempts[q->match.route->class];
}

/* ---- forward_try.c ---- */

/*
 * Begins the next call, or waits, or answers that there is none. The request
 * may be gone afterwards: nothing of f is looked at any more.
 */
void forward_try(struct forward *f);

/* The call ended without an answer. */
void forward_failed(struct call *c, enum why why);

/* Whether the request may be sent again after an answer with this status. */
bool forward_retries_status(const struct forward *f, uint16_t status);
/*
 * Sends the request again after a delay, in which the rest of the answer that
 * has begun is read and dropped.
 */
void forward_retry_answered(struct forward *f);

/* forward_try in so many us; what the call says meanwhile is dropped. */
void forward_wait(struct forward *f, uint64_t us);
/* Every endpoint may be chosen again. */
void forward_forget_tried(struct forward *f);

/* ---- forward_answer.c ---- */

/*
 * The head of an answer, as req_answer_head wants it, whose texts are those of
 * h; false without memory. No other call is made.
 */
bool forward_make_answer(
    struct forward *f, const struct head *h, struct head *out, uint32_t *room);

/* The `burst` of its sink, and a tunnel's. */
void forward_burst(struct call *c);

/* ---- forward_tunnel.c ---- */

/* `fits` and `switched` of its sink. */
bool forward_fits(const struct call *c, const struct head *h);
void forward_switched(struct call *c, const struct head *h);

/* ---- forward_body.c ---- */

/* Decides whether the body will be kept; before the first call. */
void forward_keep_begin(struct forward *f);
/* Bytes go out: keeps them, too, or finds that they are too many. */
void forward_keep(struct forward *f, struct slice bytes);
/* Hands what is kept to a new call. */
void forward_keep_send(struct forward *f);
/* The body will not be sent again. */
void forward_keep_drop(struct forward *f);

/* Nothing of the body is lost: the request can be sent again. */
static inline bool
forward_whole(const struct forward *f)
{
	return !f->body_begun || f->keeping;
}

/* ---- forward_manner.c ---- */

/*
 * Prepares the call for an endpoint that is spoken to like this. False: not
 * now, and forward_try will follow; or the request has ended.
 */
bool forward_speak(struct forward *f, uint64_t manner);

/* ---- forward_full.c ---- */

/*
 * All endpoints that are left have as many connections as they may: waits for
 * one that idles elsewhere, or ends the request.
 */
void forward_full(struct forward *f);

#endif
