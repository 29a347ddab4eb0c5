/*
 * call.c - see call.h.
 */
#include "worker/origin/call.h"

#include <errno.h>
#include <sys/socket.h>

#include "common/base/must.h"
#include "worker/origin/balance.h"
#include "worker/origin/opool.h"

static void
call_arm(struct call *c)
{
	uint64_t us = c->events ? c->params.tunnel_us : c->params.response_us;

	if (c->origin == NULL)
		return;
	if (c->origin->io.out.bytes != 0)
		origin_deadline(c->origin, c->params.send_us);
	else if (c->origin->io.paused || (!c->sent_all && c->status == 0))
		origin_deadline(c->origin, 0);
	else
		origin_deadline(c->origin, us);
}

/*
 * The exchange is over and its connection pooled or closed already: an endpoint
 * is never seen unused in between.
 */
static void
call_settle(struct call *c)
{
	c->origin = NULL;
	registry_active_add(c->env->region, c->env->slot, c->handle.index, -1);
	c->env->call_ended(c->env, c->params.service, c->handle.index,
	    c->status, mono_diff_us(clock_now(), c->began));
}

/* Balancing learns from it how the endpoint does. */
static void
call_learn(const struct call *c, enum balance_outcome outcome)
{
	balance_feedback(c->env->balance, c->params.algorithm, c->handle,
	    outcome, mono_diff_us(clock_now(), c->began));
}

static void
call_on_connected(struct call *c)
{
	c->connected = true;
	origin_deadline(c->origin, 0);
	c->sink->ready(c);
}

static void
call_on_head(struct call *c, const struct head *h)
{
	const struct field *type;

	c->heard = true;
	if (h->status < 200) {
		c->sink->interim(c, h);
		return;
	}
	c->status = h->status;
	call_learn(c, h->status < 500 ? BALANCE_ANSWERED : BALANCE_ERROR);
	type = head_find(h, FIELD_CONTENT_TYPE);
	c->events = type != NULL && type->value.n >= 17 &&
	    slice_eq_nocase(
		slice_make(type->value.p, 17), SLICE_LIT("text/event-stream"));
	c->sink->head(c, h);
}

static void
call_on_data(struct call *c, struct slice bytes)
{
	c->sink->data(c, bytes);
}

static void
call_on_end(struct call *c, const struct head *trailers)
{
	origin_release(
	    c->origin, c->params.pool_idle_us, c->params.pool_max_idle);
	call_settle(c);
	c->sink->end(c, trailers);
}

static void
call_on_failed(struct call *c, enum why why)
{
	/* A connection that was closed while it idled is no failure. */
	if (!c->reused || c->heard)
		call_learn(c, BALANCE_FAILED);
	call_settle(c);
	if (why == WHY_CONNECT_FAILED)
		env_count(c->env, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
	c->sink->failed(c, why);
}

static void
call_on_drained(struct call *c)
{
	call_arm(c);
	c->sink->drained(c);
}

static void
call_on_burst(struct call *c)
{
	c->heard = true;
	c->sink->burst(c);
	call_arm(c);
}

static void
call_on_expired(struct call *c)
{
	enum why why = WHY_RESPONSE_TIMEOUT;

	if (!c->connected)
		why = WHY_CONNECT_TIMEOUT;
	else if (c->origin->io.out.bytes != 0)
		why = WHY_UPSTREAM_SEND_TIMEOUT;
	if (!c->events)
		call_learn(c, BALANCE_FAILED);
	origin_close(c->origin);
	call_settle(c);
	if (why == WHY_CONNECT_TIMEOUT)
		env_count(c->env, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
	c->sink->failed(c, why);
}

static const struct origin_events call_origin_events = {
	.connected = call_on_connected,
	.head = call_on_head,
	.data = call_on_data,
	.end = call_on_end,
	.failed = call_on_failed,
	.drained = call_on_drained,
	.burst = call_on_burst,
	.expired = call_on_expired,
};

/* True when the peer has neither closed nor sent anything. */
static bool
call_peek(const struct origin *o)
{
	char byte;
	ssize_t n = recv(o->io.watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);

	return n < 0 && errno == EAGAIN;
}

static bool
call_reuse(struct call *c, bool peek)
{
	struct origin *o;

	while ((o = opool_take(c->env->opool, c->handle)) != NULL) {
		if (!peek || call_peek(o)) {
			origin_reuse(o, c);
			c->origin = o;
			return true;
		}
		origin_reuse(o, NULL);
		origin_close(o);
		env_count(c->env, COUNTER_UPSTREAM_STALE, 1);
	}
	return false;
}

bool
call_start(struct call *c, struct endpoint_handle handle, const struct addr *a,
    bool fresh, bool peek)
{
	struct env *e = c->env;
	bool done = false;

	MUST(c->origin == NULL);
	c->handle = handle;
	c->began = clock_now();
	c->status = 0;
	c->connected = c->heard = c->sent_all = c->events = false;
	registry_active_add(e->region, e->slot, handle.index, 1);
	c->reused = !fresh && call_reuse(c, peek);
	if (c->reused) {
		done = true;
		env_count(e, COUNTER_UPSTREAM_REUSES, 1);
	} else {
		c->origin = origin_connect(e, c, &call_origin_events, handle, a,
		    c->params.response_head_bytes, &done);
		if (c->origin == NULL) {
			env_count(e, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
			call_learn(c, BALANCE_FAILED);
			call_settle(c);
			return false;
		}
	}
	if (done)
		call_on_connected(c);
	else
		origin_deadline(c->origin, c->params.connect_us);
	return true;
}

bool
call_send_head(struct call *c, const struct head *h, bool end)
{
	if (!stream_head(origin_stream(c->origin), h, end))
		return false;
	c->sent_all = end;
	return true;
}

void
call_send_data(struct call *c, struct slice bytes)
{
	stream_data(origin_stream(c->origin), bytes);
}

void
call_send_end(struct call *c, const struct head *trailers)
{
	stream_end(origin_stream(c->origin), trailers);
	c->sent_all = true;
}

bool
call_flush(struct call *c)
{
	bool all = io_flush(&c->origin->io);

	call_arm(c);
	return all;
}

void
call_pause(struct call *c, bool paused)
{
	if (c->origin == NULL || c->origin->io.paused == paused)
		return;
	stream_pause(origin_stream(c->origin), paused);
	io_pause(&c->origin->io, paused);
	call_arm(c);
}

void
call_abort(struct call *c)
{
	if (c->origin == NULL)
		return;
	if (c->status == 0)
		call_learn(c, BALANCE_ABANDONED);
	origin_close(c->origin);
	call_settle(c);
}
