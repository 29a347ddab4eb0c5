/*
 * forward.c - see forward.h; forward_state.h names its rooms. Here: how it
 * starts, what the client sends, how it is given up.
 *
 *   forward_try -> call_connect -> ready: head out -> body out (client bursts)
 *        ^              |                                |
 *        +- refused, ---+             answer in -> req_answer_*
 *           stale, retried
 *
 * Back-pressure, both ways: whoever reads is paused while what was written on
 * the other side has not been taken.
 */
#include "worker/origin/forward.h"

#include <string.h>

#include "worker/flow/told.h"
#include "worker/origin/balance_key.h"
#include "worker/origin/forward_state.h"

void
forward_pause_client(struct forward *f, bool paused)
{
	if (f->client_paused == paused)
		return;
	f->client_paused = paused;
	f->req->owner->pause(f->req, paused);
}

void
forward_hold_body(struct forward *f)
{
	if (f->req->head.body != BODY_NONE && !f->req->request_done)
		forward_pause_client(f, true);
}

void
forward_flush(struct forward *f)
{
	if (forward_sending(f))
		forward_pause_client(f, !call_flush(&f->call));
}

/* ---- the handler: what the client sends ---- */

static void
forward_body(struct req *q, struct slice bytes)
{
	struct forward *f = q->handled;

	if (!forward_sending(f))
		return;
	f->body_begun = true;
	forward_keep(f, bytes);
	call_send_data(&f->call, bytes);
	if (call_queued(&f->call) >= BUF_BLOCK_BYTES)
		forward_flush(f);
}

/* The end of a body, which there was. */
static __attribute__((noinline)) void
forward_send_end(struct req *q, const struct head *trailers)
{
	struct forward *f = q->handled;
	struct head kept;

	trailers =
	    told_strip_trailers(q->env->view.image, trailers, &kept, &q->arena);
	if (trailers == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	if (trailers->count != 0) {
		f->body_begun = true;
		forward_keep_drop(f); /* they are not kept */
	}
	call_send_end(&f->call, trailers);
	forward_flush(f);
}

static void
forward_body_end(struct req *q, const struct head *trailers)
{
	if (q->head.body != BODY_NONE && forward_sending(q->handled))
		forward_send_end(q, trailers);
}

void
forward_room(struct req *q)
{
	struct forward *f = q->handled;

	call_pause(&f->call, false);
}

void
forward_leave(struct forward *f)
{
	if (f->ticks)
		timer_fini(&f->req->env->loop->timers, &f->timer);
	forward_end_deadline(f);
	if (f->queued)
		queue_forget(&f->wait);
	forward_note_left(f);
	call_abort(&f->call);
}

void
forward_abort(struct req *q)
{
	struct forward *f = q->handled;

	forward_pause_client(f, false);
	forward_leave(f);
	forward_note_time(f);
	forward_keep_drop(f);
	forward_settle(f);
}

void
forward_client_burst(struct req *q)
{
	struct forward *f = q->handled;

	if (forward_sending(f) && call_queued(&f->call) != 0)
		forward_flush(f);
}

static const struct req_handler forward_handler = {
	.data = forward_body,
	.end = forward_body_end,
	.room = forward_room,
	.abort = forward_abort,
	.flush = forward_client_burst,
	.fails = forward_fails,
	.passes = forward_passes_up,
	.passed = forward_passed_up,
};

bool
forward_works(const struct req *q)
{
	return q->handler == &forward_handler;
}

/* But for its manner (manner.h). */
static void
forward_params(struct call_params *p, const struct req *q)
{
	const struct img_timeouts *t = q->timeouts;
	const struct img_service *s = q->service;

	p->connect_us = t->connect;
	p->response_us = t->response;
	p->send_us = t->send;
	p->tunnel_us = t->tunnel;
	p->pool_idle_us = s->pool_idle_us;
	p->pool_max_idle = s->pool_max_idle;
	p->max_connections = s->max_connections;
	p->response_head_bytes = q->image->limits.response_head_bytes;
	p->service = s->slot;
	p->algorithm = s->balance;
	p->rule =
	    (struct vital_rule){ s->passive.failures, s->passive.time_us };
	judge_init(&p->judge, q->image, s, q->match.route->class);
}

static void
forward_ask(
    struct balance_ask *ask, const struct req *q, const struct judge *judge)
{
	const struct img_service *s = q->service;

	ask->service = s->slot;
	ask->algorithm = s->balance;
	if (ask->algorithm == IMG_BALANCE_HASH)
		ask->hash = balance_key_hash(q);
	ask->panic_threshold = s->panic_threshold;
	ask->class = q->match.route->class;
	ask->rule =
	    (struct vital_rule){ s->passive.failures, s->passive.time_us };
	ask->breaker =
	    (judge->scope & IMG_BREAKER_ENDPOINT) != 0 ? &judge->rule : NULL;
	ask->bypass = judge->bypass;
	ask->tried.count = 0;
}

/* NULL: no memory. */
static struct forward *
forward_new(struct req *q)
{
	struct forward *f = arena_alloc(&q->arena, sizeof(*f));

	if (f == NULL)
		return NULL;
	memset(f, 0, offsetof(struct forward, call.params));
	f->req = q;
	f->began = clock_now();
	if (q->head.body != BODY_NONE)
		forward_keep_begin(f);
	q->handled = f;
	q->handler = &forward_handler;
	req_set_state(q, REQ_HANDLED);
	return f;
}

enum verdict
forward_request(struct req *q)
{
	/* That of its first service, where this is the fallback. */
	struct forward *f =
	    q->handler == &forward_handler ? q->handled : forward_new(q);

	if (f == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	f->call.env = q->env;
	f->call.sink = &forward_sink;
	f->call.user = f;
	f->call.tunnel = q->up.upgrade.n != 0;
	forward_params(&f->call.params, q);
	forward_ask(&f->ask, q, &f->call.params.judge);
	if (!forward_admit(f))
		forward_fail_barred(f);
	else
		forward_next(f);
	return DONE;
}
