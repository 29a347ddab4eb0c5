/*
 * forward_state.h - a forward at work, for its rooms:
 *
 *	forward.c         the client's side: start, body, give up
 *	forward_try.c     which endpoint next, and when
 *	forward_deadline.c  the time that there is for all tries
 *	forward_fallback.c  when the service cannot: another one, an answer
 *	forward_answer.c  the origin's side: answers on, or dropped
 *	forward_body.c    a body that is kept to be sent again
 *	forward_pass.c    long bodies that nobody looks at
 *	forward_full.c    when no endpoint takes a connection more
 *	forward_breaker.c when what failed too often is left alone
 *	forward_manner.c  as an endpoint is spoken to
 *	forward_tunnel.c  what follows a 101
 *	forward_note.c    what is remembered of each call
 */
#ifndef WORKER_ORIGIN_FORWARD_STATE_H
#define WORKER_ORIGIN_FORWARD_STATE_H

#include "common/base/buf.h"
#include "worker/flow/req.h"
#include "worker/origin/balance.h"
#include "worker/origin/call.h"
#include "worker/origin/queue.h"
#include "worker/origin/service_breaker.h"

struct forward_probe;
struct tunnel;

/*
 * It is zeroed up to call.params. Those, and `ask`, are set whole before the
 * first call; what stands behind them when it is first of use, as the flags
 * and counts before them say.
 */
struct forward {
	struct req *req;
	struct mono began;
	enum why why;       /* of the last failed call; WHY_OK: none yet */
	uint16_t before;    /* calls to another service, which could not */
	uint8_t spared;     /* calls that count for nothing: see forward_try */
	bool fallen;        /* there was one: this is the fallback */
	bool falling;       /* the fallback is next, when `timer` has run out */
	bool client_paused; /* the request body waits for us */
	bool body_begun;    /* body bytes went out */
	bool keeping;       /* and all of them are in `kept` */
	bool interim;       /* the client has seen an interim answer */
	bool waiting;       /* `timer` goes on; what a call says is dropped */
	bool delayed;       /* the delay before the next call is over */
	bool booked;        /* the budget and the deadline know of it */
	bool bound;         /* by a deadline: `due` and `overdue` are set */
	bool late;          /* the deadline is over */
	bool planned;       /* and that is all (env.plans) */
	bool timed;         /* q->upstream_us has the time of it */
	bool ticks;         /* `timer` was made */
	bool queued;        /* `wait` was made */
	uint8_t barred_noted; /* so many of q->tries */
	uint8_t full_looks;   /* in a row that found no idle connection */
	uint16_t full_steps;  /* waited for that so often */
	uint16_t turns;       /* waited for an image in a row */
	uint32_t full;        /* bit i: ask.tried.index[i] is only full */
	uint32_t barred;      /* likewise: its breaker let nothing through */
	struct service_pass pass;
	struct forward_probe *probe; /* NULL: no probe that waits for a body */
	struct req_try *try;         /* of the call under way; NULL: none */
	struct tunnel *tunnel;       /* NULL: there was no 101 */
	uint64_t manner;             /* of the last call */
	struct call call;
	struct balance_ask ask;
	uint32_t dropped;     /* body bytes of the answer that is dropped */
	uint64_t delay_us;    /* of such an answer */
	uint64_t barred_us;   /* until the first of `barred` may be tried */
	struct mono full_at;  /* the first of full_steps */
	struct mono due;      /* the deadline */
	struct timer overdue; /* at that */
	struct timer timer;
	struct obuf kept;         /* the body so far */
	struct queue_waiter wait; /* as they are full */
};

_Static_assert(BALANCE_TRIED_MAX <= 32, "a bit for each in the masks");

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
/* Nothing of it waits, or is under way, any more; the body is still kept. */
void forward_leave(struct forward *f);

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
	return f->req->attempts - f->before - f->spared;
}

/* So often the request may be sent, by its class. */
static inline uint32_t
forward_attempts_max(const struct forward *f)
{
	const struct req *q = f->req;

	return q->service->retry.attempts[q->match.route->class];
}

/* Its method does no harm when it is sent twice, or the route takes that. */
static inline bool
forward_idempotent(const struct forward *f)
{
	const struct req *q = f->req;

	return q->match.route->retry_unsafe ||
	    (http_method_flags(q->head.method) & METHOD_IDEMPOTENT) != 0;
}

/* ---- forward_try.c ---- */

/*
 * Begins the next call, or waits, or answers that there is none. The request
 * may be gone afterwards: nothing of f is looked at any more.
 */
void forward_try(struct forward *f);

/* The call ended without an answer. */
void forward_failed(struct call *c, enum why why);

/* Sending it twice does no harm, after this. */
bool forward_repeatable(const struct forward *f, enum why why);

/*
 * Whether the request is to be sent again after this answer; then
 * forward_retry_answered is next.
 */
bool forward_retries(struct forward *f, const struct head *h);
/*
 * Sends the request again after a delay, in which the rest of the answer that
 * has begun is read and dropped.
 */
void forward_retry_answered(struct forward *f);

/* Goes on in so many us; what the call says meanwhile is dropped. */
void forward_wait(struct forward *f, uint64_t us);
/* Every endpoint may be chosen again. */
void forward_forget_tried(struct forward *f);

/* ---- forward_note.c ---- */

/* A call has begun, or was refused at once; or its breaker lets none through:
 * into q->tries. */
void forward_note_begin(struct forward *f);
void forward_note_barred(struct forward *f);
/* It was none, after all. */
void forward_note_drop(struct forward *f);
/* Its final head is there. */
void forward_note_head(struct forward *f, const struct head *h);
/* It is over; the first time counts. */
void forward_note_end(struct forward *f, enum why why);
/* The wait for a connection to come free is over. */
void forward_note_full(struct forward *f);
/* Nothing of it waits any more, or is under way. */
void forward_note_left(struct forward *f);
/* The calls so far were to another service than those that follow. */
void forward_note_service(struct req *q);
/* The time that it took to wait for endpoints, once. */
void forward_note_time(struct forward *f);

/* ---- forward_deadline.c ---- */

/* Its first call begins: it counts for the budget, too. */
void forward_book(struct forward *f);
/* A call that begins in so many us is before the deadline. */
bool forward_in_time(const struct forward *f, uint64_t us);
/* An answer has begun, or the request ends. */
static inline void
forward_end_deadline(struct forward *f)
{
	if (f->bound)
		timer_fini(&f->req->env->loop->timers, &f->overdue);
	f->bound = false;
}

/* ---- forward_fallback.c ---- */

/* Of its handler: there is no other call, for this reason. True: but a
 * fallback, which is at work, or has answered. */
bool forward_fails(struct req *q, enum why why);
/* Whether the fallback is better than this answer; forward_fall_answered is
 * next. */
bool forward_falls(const struct forward *f, const struct head *h);
/* The same as forward_retry_answered, at once and with forward_fall. */
void forward_fall_answered(struct forward *f);
void forward_fall(struct forward *f);

/* There is a service to which the request may yet be sent. */
static inline bool
forward_stands_in(const struct forward *f)
{
	const struct req *q = f->req;

	return !f->fallen && q->service->fallback.service != IMG_NONE;
}

/* ---- forward_answer.c ---- */

/*
 * The head of an answer, as req_answer_head wants it, whose texts are those of
 * h, and maybe its fields, too: h is not to be looked at any more. False
 * without memory. No other call is made.
 */
bool
forward_make_answer(struct forward *f, const struct head *h, struct head *out);

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
static inline void
forward_keep_drop(struct forward *f)
{
	if (f->keeping)
		obuf_fini(&f->kept);
	f->keeping = false;
}

/* Nothing of the body is lost: the request can be sent again. */
static inline bool
forward_whole(const struct forward *f)
{
	return !f->body_begun || f->keeping;
}

/* ---- forward_pass.c ---- */

/* `passes` and `passed` of its sink, and of its handler. */
struct io_pass forward_passes_down(struct call *c);
void forward_passed_down(struct call *c, size_t n);
struct io_pass forward_passes_up(struct req *q);
void forward_passed_up(struct req *q, size_t n);

/* ---- forward_manner.c ---- */

/*
 * Prepares the call for an endpoint that is spoken to like this. False: not
 * now, and forward_try will follow; or the request has ended.
 */
bool forward_speak(struct forward *f, uint64_t manner);

/* ---- forward_breaker.c ---- */

/* Asks the breaker of the service; false: forward_fail_barred is due. */
bool forward_admit(struct forward *f);
/* A call has begun: it does not stay a probe if the client lets it wait. */
void forward_watch_probe(struct forward *f);
/* An answer's head goes to the client. */
void forward_settle_head(struct forward *f);
/* The request has ended, as req.why and .status say. Once. */
void forward_settle(struct forward *f);
/* The same for a service that the request leaves, as the last call went. */
void forward_settle_tried(struct forward *f);
/* No endpoint can be had because of its breaker: another try is in vain. */
bool forward_barred(const struct forward *f);
/* The breaker of the endpoint that is about to count as tried refused. */
void forward_pass_over(struct forward *f, uint64_t wait_us);
/* No endpoint was left to choose: true if that is for their breakers, and the
 * request has ended. */
bool forward_none_lets_through(struct forward *f);
/* Ends the request with breaker_open. */
void forward_fail_barred(struct forward *f);

/* ---- forward_full.c ---- */

/*
 * All endpoints that are left have as many connections as they may: waits for
 * one that idles elsewhere, or in the service's queue, or ends the request.
 */
void forward_full(struct forward *f);

/* In the queue, without a look: the service has one. */
void forward_queue(struct forward *f);

/* It waits there no more. */
static inline void
forward_leave_queue(struct forward *f)
{
	if (f->queued)
		queue_leave(&f->wait);
}

/* The service has a queue, and there are others in it to wait behind. */
bool forward_has_to_wait(const struct forward *f);

/*
 * forward_try, but behind those: for each call that is not out of the queue's
 * look, be it the first one or another.
 */
void forward_next(struct forward *f);

#endif
