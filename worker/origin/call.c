/*
 * call.c - see call.h.
 */
#include "worker/origin/call_state.h"

#include <errno.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/http/grpc_text.h"
#include "common/net/sock.h"
#include "shm/label.h"
#include "worker/origin/balance.h"
#include "worker/origin/wire.h"

/* For the answer's head in all: interim answers do not renew it. */
static uint64_t
call_head_us(struct call *c)
{
	uint64_t us = c->params.response_us, left;

	if (us == 0)
		return 0;
	if (c->head_due.us == 0)
		c->head_due = mono_add_us(clock_now(), us);
	left = mono_diff_us(c->head_due, clock_now());
	return left != 0 ? left : 1;
}

static void
call_arm(struct call *c)
{
	struct origin *o = c->origin;
	bool queued;
	uint64_t us;

	if (o == NULL)
		return;
	queued = origin_queued(o) != 0;
	c->starved = !o->sent_all && !queued;
	if (queued)
		us = c->params.send_us;
	else if (o->paused || (!o->sent_all && !c->expects && c->status == 0))
		us = 0;
	else if (c->status == 0)
		us = call_head_us(c);
	else
		us = c->events || c->switched ? c->params.tunnel_us
					      : c->params.response_us;
	origin_deadline(o, us);
}

void
call_continue(struct call *c)
{
	if (!c->expects)
		return;
	c->expects = false;
	c->head_due = (struct mono){ 0 };
}

/* Its origin is pooled or closed already: an endpoint is never seen unused
 * in between. */
static void
call_leave(struct call *c)
{
	c->origin = NULL;
	call_give_back(c);
	registry_active_add(c->env->region, c->env->slot, c->handle.index, -1);
}

/* The exchange is over. */
static void
call_settle(struct call *c)
{
	call_leave(c);
	c->env->call_ended(c->env, c->params.service, c->handle.index,
	    c->status, c->switched ? c->head_us : call_us(c));
}

/* Balancing learns how the endpoint does, once. */
static void
call_learn(struct call *c, const struct balance_result *how)
{
	if (c->told)
		return;
	c->told = true;
	balance_feedback(c->env->balance, c->params.algorithm, &c->params.rule,
	    c->handle, how);
}

/* The answer is whole, or nobody waits for the rest of it. */
static void
call_learn_answered(struct call *c)
{
	struct balance_result how = { .outcome = BALANCE_ANSWERED,
		.cause = CAUSE_ANSWERED,
		.us = c->head_us };

	if (c->status >= 500) {
		how.outcome = BALANCE_ERROR;
		how.cause = CAUSE_STATUS;
		how.detail = c->status;
	}
	call_learn(c, &how);
}

static void
call_learn_failed(struct call *c, enum change_cause cause, int error)
{
	call_judge_failed(c, cause, (uint32_t)error);
	call_learn(c,
	    &(struct balance_result){ .outcome = BALANCE_FAILED,
		.cause = cause,
		.detail = (uint32_t)error,
		.us = call_us(c) });
}

static enum change_cause
call_cause(enum why why)
{
	if (why == WHY_CONNECT_FAILED)
		return CAUSE_CONNECT;
	if (why == WHY_UPSTREAM_TLS)
		return CAUSE_TLS;
	return why == WHY_BAD_RESPONSE || why == WHY_UPSTREAM_PROTOCOL
	    ? CAUSE_BROKEN
	    : CAUSE_RESET;
}

/* The endpoint may have had enough of waiting for the client. */
static bool
call_was_starved(const struct call *c)
{
	return c->starved && !c->expects && c->status == 0;
}

/*
 * Says nothing of the endpoint's health: a connection that was closed while it
 * idled, or while the client let it wait, a request that it was too busy or
 * about to stop to look at, a protocol that it need not speak, what lacks here.
 */
static bool
call_failed_mildly(const struct call *c, enum why why, int error)
{
	return (why == WHY_UPSTREAM_CLOSED &&
		   ((c->reused && !c->heard) || call_was_starved(c))) ||
	    why == WHY_UPSTREAM_REFUSED || why == WHY_ENDPOINTS_FULL ||
	    why == WHY_OVERLOADED || sock_error_is_ours(error) ||
	    (why == WHY_UPSTREAM_PROTOCOL && error == EOPNOTSUPP);
}

static void
call_on_connected(struct call *c)
{
	c->connected = true;
	c->connect_us = call_us(c);
	c->reused = c->origin->idled;
	origin_deadline(c->origin, 0);
	c->sink->ready(c);
}

static void
call_fail(struct call *c, enum why why)
{
	origin_close(c->origin);
	call_settle(c);
	c->sink->failed(c, why);
}

static void
call_on_switched(struct call *c, const struct head *h)
{
	if (!c->sink->fits(c, h)) {
		call_learn_failed(c, CAUSE_BROKEN, 0);
		call_fail(c, WHY_BAD_RESPONSE);
		return;
	}
	c->switched = true;
	c->origin->sent_all = false;
	c->status = h->status;
	c->head_us = call_endpoint_us(c);
	call_judge_head(c, h);
	call_learn_answered(c);
	c->sink->switched(c, h);
}

/* Events, or the messages of gRPC: they come when there are any. */
static bool
call_streams(struct slice type)
{
	return grpc_text_is(type) ||
	    (type.n >= 17 &&
		slice_eq_nocase(
		    slice_make(type.p, 17), SLICE_LIT("text/event-stream")));
}

static void
call_on_head(struct call *c, const struct head *h)
{
	const struct field *type;

	c->heard = true;
	if (h->status == 101) {
		call_on_switched(c, h);
		return;
	}
	if (h->status == 100)
		call_continue(c);
	if (h->status < 200) {
		c->sink->interim(c, h);
		return;
	}
	c->status = h->status;
	c->head_us = call_endpoint_us(c);
	type = head_find(h, FIELD_CONTENT_TYPE);
	c->events = type != NULL && call_streams(type->value);
	call_judge_head(c, h);
	/* A stream of events may end in any way. */
	if (c->status >= 500 || c->events)
		call_learn_answered(c);
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
	if (c->switched) {
		c->sink->end(c, trailers);
		return;
	}
	call_learn_answered(c);
	origin_release(c->origin);
	call_settle(c);
	c->sink->end(c, trailers);
}

static void
call_on_failed(struct call *c, enum why why, int error)
{
	c->reused = c->origin->idled && !c->origin->noticed;
	c->leaving = why == WHY_UPSTREAM_REFUSED && error == ESHUTDOWN;
	if (!call_failed_mildly(c, why, error))
		call_learn_failed(
		    c, call_cause(why), error != EPROTO ? error : 0);
	call_settle(c);
	c->sink->failed(c, why);
}

static void
call_on_stalled(struct call *c)
{
	call_arm(c);
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
	else if (origin_queued(c->origin) != 0)
		why = WHY_UPSTREAM_SEND_TIMEOUT;
	else if (c->switched)
		why = WHY_TUNNEL_TIMEOUT;
	if (c->connected)
		origin_suspect(c->origin, c->began);
	if (c->connected)
		call_learn_failed(c, CAUSE_TIMEOUT, 0);
	else
		call_learn_failed(c, CAUSE_CONNECT, ETIMEDOUT);
	if (why == WHY_CONNECT_TIMEOUT)
		env_count(c->env, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
	call_fail(c, why);
}

static const struct origin_events call_origin_events = {
	.connected = call_on_connected,
	.head = call_on_head,
	.data = call_on_data,
	.end = call_on_end,
	.failed = call_on_failed,
	.stalled = call_on_stalled,
	.drained = call_on_drained,
	.burst = call_on_burst,
	.passes = call_on_passes,
	.passed = call_on_passed,
	.expired = call_on_expired,
};

/* A new connection could not even begin. */
static enum call_connected
call_refused(struct call *c, int error)
{
	if (error == EUSERS) {
		env_count(c->env, COUNTER_ENDPOINTS_FULL, 1);
		call_leave(c);
		return CALL_FULL;
	}
	env_count(c->env, COUNTER_UPSTREAM_CONNECT_FAILURES, 1);
	if (!sock_error_is_ours(error)) {
		call_learn_failed(c, CAUSE_CONNECT, error);
	} else if (error != EADDRNOTAVAIL && error != EAGAIN) {
		/* Of ports, another endpoint may have some. */
		call_leave(c);
		return CALL_LACKS;
	}
	call_settle(c);
	return CALL_REFUSED;
}

static void
call_reset(struct call *c, struct endpoint_handle handle, const struct addr *a)
{
	MUST(c->origin == NULL);
	c->handle = handle;
	c->addr = *a;
	c->began = clock_now();
	c->head_due = c->whole_at = (struct mono){ 0 };
	c->status = 0;
	c->connected = c->reused = c->heard = c->told = false;
	c->events = c->switched = c->leaving = c->starved = false;
}

/* Its name is text, or stands in the image: for this turn. */
static void
call_make_want(const struct call *c, struct origin_want *want, char *text)
{
	const struct call_params *p = &c->params;

	*want = (struct origin_want){ .handle = c->handle,
		.addr = c->addr,
		.service = p->service,
		.max_connections = p->max_connections,
		.head_bytes = p->response_head_bytes,
		.max_idle = p->pool_max_idle,
		.idle_us = p->pool_idle_us,
		.h2 = p->protocol == IMG_PROTOCOL_H2,
		.tunnel = c->tunnel,
		.tls = p->tls };
	if (p->tls == NULL)
		return;
	want->name = p->server_name.n != 0
	    ? p->server_name
	    : label_name(
		  registry_endpoint_label(c->env->region, c->handle.index),
		  text);
	want->name_hash =
	    hash_bytes((struct hash_key){ 0 }, want->name.p, want->name.n);
}

/* What others have idle would be had. Streams share connections. */
static enum call_connected
call_plan(struct call *c)
{
	const struct region *r = c->env->region;
	uint32_t max = c->params.max_connections, index = c->handle.index;

	if (max == 0 || c->params.protocol == IMG_PROTOCOL_H2 ||
	    permit_count(r, index) < max || registry_pooled(r, index) != 0)
		return CALL_PLANNED;
	call_leave(c);
	return CALL_FULL;
}

enum call_connected
call_connect(struct call *c, struct endpoint_handle handle,
    const struct addr *a, bool fresh, bool peek)
{
	struct env *e = c->env;
	char name[ENDPOINT_LABEL_MAX];
	struct origin_want want;

	call_reset(c, handle, a);
	registry_active_add(e->region, e->slot, handle.index, 1);
	if (!call_admit(c)) {
		call_leave(c);
		return CALL_BARRED;
	}
	if (e->plans)
		return call_plan(c);
	call_make_want(c, &want, name);
	want.fresh = fresh;
	want.peek = peek;
	c->origin = origin_take(e, c, &call_origin_events, &want);
	return c->origin != NULL ? CALL_CONNECTED : call_refused(c, errno);
}

void
call_begin(struct call *c)
{
	if (c->origin->state == ORIGIN_BUSY)
		call_on_connected(c);
	else
		origin_deadline(c->origin, c->params.connect_us);
}

static void
call_sent_all(struct call *c)
{
	c->origin->sent_all = true;
	c->starved = false;
	c->whole_at = clock_now();
}

bool
call_send_head(struct call *c, const struct head *h, bool end)
{
	if (!stream_head(c->origin->stream, h, end))
		return false;
	if (end)
		call_sent_all(c);
	c->expects = h->expect_continue && !end;
	return true;
}

void
call_send_data(struct call *c, struct slice bytes)
{
	call_continue(c);
	c->starved = false;
	stream_data(c->origin->stream, bytes);
}

void
call_send_end(struct call *c, const struct head *trailers)
{
	stream_end(c->origin->stream, trailers);
	call_sent_all(c);
	if (c->switched)
		origin_shut(c->origin);
}

bool
call_flush(struct call *c)
{
	bool all = origin_flush(c->origin);

	call_arm(c);
	return all;
}

void
call_pause(struct call *c, bool paused)
{
	if (c->origin == NULL || c->origin->paused == paused)
		return;
	origin_pause(c->origin, paused);
	call_arm(c);
}

void
call_abort_now(struct call *c)
{
	if (c->status != 0)
		call_learn_answered(c);
	else
		call_learn(c,
		    &(struct balance_result){
			.outcome = BALANCE_ABANDONED, .us = call_us(c) });
	origin_close(c->origin);
	call_settle(c);
}

void
call_expire(struct call *c)
{
	if (c->origin != NULL)
		call_on_expired(c);
}
