/*
 * forward.c - see forward.h.
 *
 *   pick endpoint -> call_start -> ready: head out -> body out (client bursts)
 *        ^                |                             |
 *        +- refused, -----+        answer in -> req_answer_*
 *           stale
 *
 * Back-pressure, both ways: whoever reads is paused while what was written on
 * the other side has not been taken.
 */
#include "worker/origin/forward.h"

#include "common/base/must.h"
#include "worker/flow/req.h"
#include "worker/origin/balance.h"
#include "worker/origin/balance_key.h"
#include "worker/origin/call.h"

#define FORWARD_SPARE_FIELDS 8u

struct forward {
	struct req *req;
	struct call call;
	struct balance_ask ask;
	struct endpoint_handle last; /* of the newest call */
	bool fresh;                  /* the pool has given a stale connection */
	bool client_paused;          /* the request body waits for us */
	bool body_begun;             /* body bytes went out: no second try */
	enum why why;                /* of the last failed call */
};

static void forward_try(struct forward *f);

static void
forward_pause_client(struct forward *f, bool paused)
{
	if (f->client_paused == paused)
		return;
	f->client_paused = paused;
	f->req->owner->pause(f->req, paused);
}

/* Sends what is queued; the client waits while it is not taken. */
static void
forward_flush(struct forward *f)
{
	if (call_open(&f->call))
		forward_pause_client(f, !call_flush(&f->call));
}

static void
forward_ready(struct call *c)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	if (!call_send_head(c, &q->up, q->head.body == BODY_NONE)) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	/* An empty body ended before: while connecting, or in a first try. */
	if (q->head.body != BODY_NONE && q->request_done)
		call_send_end(c, NULL);
	forward_flush(f);
}

static void
forward_interim(struct call *c, const struct head *h)
{
	struct forward *f = c->user;
	struct field *fields =
	    arena_alloc(&f->req->arena, (h->count + 1) * sizeof(*fields));
	struct head out = *h;

	if (fields == NULL)
		return;
	out.fields = fields;
	out.count = 0;
	for (uint32_t i = 0; i < h->count; i++)
		if ((http_field_flags(h->fields[i].id) &
			(FIELD_HOP | FIELD_FRAMING)) == 0)
			fields[out.count++] = h->fields[i];
	req_answer_interim(f->req, &out);
}

/* Framing fields go along: the codec reads them and writes its own. */
static void
forward_copy_fields(struct head *out, const struct head *h)
{
	bool nominated = head_has(h, FIELD_CONNECTION);

	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if ((http_field_flags(f->id) & FIELD_HOP) != 0)
			continue;
		if (nominated && head_nominated(h, f->name))
			continue;
		out->fields[out->count++] = *f;
	}
}

static void
forward_head(struct call *c, const struct head *h)
{
	struct forward *f = c->user;
	struct req *q = f->req;
	uint32_t room = h->count + FORWARD_SPARE_FIELDS;
	struct field *fields = arena_alloc(&q->arena, room * sizeof(*fields));
	struct head out = *h;

	if (fields == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	out.fields = fields;
	out.count = 0;
	out.close = false; /* the upstream's wish, not the client's */
	out.method = q->head.method;
	forward_copy_fields(&out, h);
	q->upstream_us += mono_diff_us(clock_now(), c->began);
	req_answer_head(q, &out, room, false);
}

static void
forward_data(struct call *c, struct slice bytes)
{
	struct forward *f = c->user;

	req_answer_data(f->req, bytes);
}

static void
forward_end(struct call *c, const struct head *trailers)
{
	struct forward *f = c->user;

	req_answer_end(f->req, trailers);
}

static void
forward_burst(struct call *c)
{
	struct forward *f = c->user;

	f->req->owner->flush(f->req);
	if (c->origin != NULL)
		call_pause(c, req_blocked(f->req));
}

static void
forward_drained(struct call *c)
{
	forward_pause_client(c->user, false);
}

/*
 * A pooled connection that its endpoint had closed meanwhile: once more, on a
 * fresh one, where sending twice does no harm (RFC 9110 9.2.2, RFC 9112 9.3.1).
 */
static bool
forward_was_stale(const struct forward *f, enum why why)
{
	return why == WHY_UPSTREAM_CLOSED && f->call.reused && !f->call.heard &&
	    !f->body_begun &&
	    (http_method_flags(f->req->head.method) & METHOD_IDEMPOTENT) != 0;
}

static void
forward_tried(struct forward *f, struct endpoint_handle h)
{
	struct balance_tried *t = &f->ask.tried;

	MUST(t->count < BALANCE_TRIED_MAX);
	t->index[t->count++] = h.index;
}

static void
forward_failed(struct call *c, enum why why)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	f->why = why;
	if (q->state == REQ_ANSWERING) {
		req_end(q, why, true);
	} else if (!c->connected) {
		forward_tried(f, c->handle);
		forward_try(f);
	} else if (forward_was_stale(f, why)) {
		f->fresh = true;
		env_count(q->env, COUNTER_UPSTREAM_STALE, 1);
		forward_try(f);
	} else {
		req_fail(q, why);
	}
}

static const struct call_sink forward_sink = {
	.ready = forward_ready,
	.interim = forward_interim,
	.head = forward_head,
	.data = forward_data,
	.end = forward_end,
	.failed = forward_failed,
	.drained = forward_drained,
	.burst = forward_burst,
};

/* Starts a call to the member; false when the next one is to be tried. */
static bool
forward_call(struct forward *f, const struct eset_member *m)
{
	struct req *q = f->req;
	bool idempotent =
	    (http_method_flags(q->head.method) & METHOD_IDEMPOTENT) != 0 &&
	    q->head.body == BODY_NONE;

	if (q->attempts++ != 0)
		env_count(q->env, COUNTER_UPSTREAM_RETRIES, 1);
	q->endpoint = registry_endpoint_text(q->env->region, m->handle.index);
	return call_start(&f->call, m->handle, &m->addr, f->fresh, !idempotent);
}

static void
forward_try(struct forward *f)
{
	struct req *q = f->req;
	const struct eset_member *m;

	/* Until it is sent, the body stays where it is. */
	if (q->head.body != BODY_NONE)
		forward_pause_client(f, true);
	for (;;) {
		m = balance_pick(q->env->balance, &f->ask);
		if (m == NULL)
			break;
		if (forward_call(f, m))
			return;
		f->why = WHY_CONNECT_FAILED;
		forward_tried(f, m->handle);
	}
	req_fail(q, f->ask.tried.count != 0 ? f->why : WHY_NO_ENDPOINT);
}

/* ---- the handler: what the client sends ---- */

static void
forward_body(struct req *q, struct slice bytes)
{
	struct forward *f = q->handled;

	if (!call_open(&f->call))
		return;
	f->body_begun = true;
	call_send_data(&f->call, bytes);
	if (f->call.origin->io.out.bytes >= BUF_BLOCK_BYTES)
		forward_flush(f);
}

static void
forward_body_end(struct req *q, const struct head *trailers)
{
	struct forward *f = q->handled;

	if (q->head.body == BODY_NONE || !call_open(&f->call))
		return;
	call_send_end(&f->call, trailers);
	forward_flush(f);
}

static void
forward_room(struct req *q)
{
	struct forward *f = q->handled;

	call_pause(&f->call, false);
}

static void
forward_abort(struct req *q)
{
	struct forward *f = q->handled;

	if (f->client_paused) {
		f->client_paused = false;
		q->owner->pause(q, false);
	}
	call_abort(&f->call);
}

static void
forward_client_burst(struct req *q)
{
	struct forward *f = q->handled;

	if (call_open(&f->call) && f->call.origin->io.out.bytes != 0)
		forward_flush(f);
}

static const struct req_handler forward_handler = {
	.data = forward_body,
	.end = forward_body_end,
	.room = forward_room,
	.abort = forward_abort,
	.flush = forward_client_burst,
};

static void
forward_params(struct call_params *p, const struct req *q)
{
	const struct img_timeouts *t = &q->match.route->timeouts;
	const struct img_service *s = q->service;

	*p = (struct call_params){
		.connect_us = t->connect,
		.response_us = t->response,
		.send_us = t->send,
		.tunnel_us = t->tunnel,
		.pool_idle_us = s->pool_idle_us,
		.pool_max_idle = s->pool_max_idle,
		.response_head_bytes = q->image->limits.response_head_bytes,
		.service = s->slot,
		.algorithm = s->balance,
	};
}

enum verdict
forward_request(struct req *q)
{
	struct forward *f = arena_zalloc(&q->arena, sizeof(*f));

	if (f == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	f->req = q;
	f->ask.service = q->service->slot;
	f->ask.algorithm = q->service->balance;
	if (f->ask.algorithm == IMG_BALANCE_HASH)
		f->ask.hash = balance_key_hash(q);
	f->call.env = q->env;
	f->call.sink = &forward_sink;
	f->call.user = f;
	forward_params(&f->call.params, q);
	q->handled = f;
	q->handler = &forward_handler;
	req_set_state(q, REQ_HANDLED);
	forward_try(f);
	return DONE;
}
