/*
 * forward_try.c - the sequence of calls: which endpoint is next, when, and what
 * is said when there is none.
 *
 *	try -> pick -> connect -> begun
 *	        ^  |      +-> refused: decide -> pick | wait | fail
 *	        |  |      +-> full: passed over -> pick
 *	        |  +-> none left: tried ones -> delay, then they again
 *	        |                 all full   -> forward_full
 *	        |                 none       -> fail
 *	       wait <- failed, or answered with a status to retry: decide
 *
 * The image is read here, and only before the head of an answer goes to the
 * client: until then the request holds it.
 */
#include "worker/origin/forward_state.h"

#include "common/base/hash.h"
#include "common/base/must.h"
#include "worker/origin/retry.h"

/* So many connections that say GOAWAY one after the other. */
#define FORWARD_LEAVING_MAX 8

static bool
forward_idempotent(const struct forward *f)
{
	return (http_method_flags(f->req->head.method) & METHOD_IDEMPOTENT) !=
	    0;
}

/*
 * Sending it twice does no harm. A switch that was asked for may have been made
 * unless an answer says that it was not.
 */
static bool
forward_repeatable(const struct forward *f, enum why why)
{
	return forward_idempotent(f) &&
	    (f->req->up.upgrade.n == 0 || why == WHY_OK);
}

/* Whether the rule wants another call after one that ended like this. */
static bool
forward_again(const struct forward *f, enum why why, uint16_t status)
{
	const struct req *q = f->req;
	const struct img_retry *rule = &q->service->retry;
	struct retry_case how = { .why = why,
		.status = status,
		.attempts = forward_attempts(f),
		.class = q->match.route->class,
		.idempotent = forward_repeatable(f, why),
		.sent = f->call.connected,
		.heard = f->call.heard,
		.whole = forward_whole(f) && !f->interim };

	return retry_again(rule, img_at(q->image, rule->statuses.off), &how);
}

/* ---- endpoints that this request has tried ---- */

static void
forward_tried(struct forward *f, struct endpoint_handle h)
{
	struct balance_tried *t = &f->ask.tried;

	MUST(t->count < BALANCE_TRIED_MAX);
	t->index[t->count++] = h.index;
}

void
forward_forget_tried(struct forward *f)
{
	f->ask.tried.count = 0;
	f->full = 0;
}

/* ---- waiting ---- */

static void
forward_waited(struct timer *t)
{
	struct forward *f = CONTAINER_OF(t, struct forward, timer);

	f->waiting = false;
	call_abort(&f->call); /* the rest of an answer that was dropped */
	forward_try(f);
}

void
forward_wait(struct forward *f, uint64_t us)
{
	if (f->timer.fn == NULL)
		timer_init(&f->timer, forward_waited);
	f->waiting = true;
	forward_hold_body(f);
	timer_set(&f->req->env->loop->timers, &f->timer,
	    mono_add_us(clock_now(), us));
}

static void
forward_delay(struct forward *f)
{
	const struct req *q = f->req;
	uint64_t random = hash_u64(
	    q->env->id_prefix[0] ^ hash_u64(clock_now().us + (uintptr_t)q));

	f->delayed = true;
	forward_wait(
	    f, retry_delay_us(&q->service->retry, forward_attempts(f), random));
}

/* ---- one call ---- */

static void
forward_count(struct forward *f)
{
	struct req *q = f->req;

	if (q->attempts++ != 0)
		env_count(q->env, COUNTER_UPSTREAM_RETRIES, 1);
	q->endpoint =
	    registry_endpoint_text(q->env->region, f->call.handle.index);
	f->delayed = false;
	f->full_steps = f->full_looks = 0;
	f->turns = 0;
}

/* True when another endpoint is to be chosen at once. */
static bool
forward_refused(struct forward *f)
{
	f->why = WHY_CONNECT_FAILED;
	if (!forward_again(f, f->why, 0)) {
		req_fail(f->req, f->why);
		return false;
	}
	forward_tried(f, f->call.handle);
	return true;
}

/* The same. Else the call has begun, or the request has ended. */
static bool
forward_call(struct forward *f, struct endpoint_handle h, const struct addr *a,
    uint64_t manner, bool fresh)
{
	bool peek = !forward_repeatable(f, WHY_UPSTREAM_CLOSED) ||
	    f->req->head.body != BODY_NONE;

	forward_hold_body(f);
	if (!forward_speak(f, manner))
		return false;
	/*
	 * A pooled one may just be closing, and this is not sent twice; but
	 * where connections are bounded or shared, it is one that is there.
	 */
	if (f->call.tunnel && f->call.params.max_connections == 0 &&
	    f->call.params.protocol != IMG_PROTOCOL_H2)
		fresh = true;
	switch (call_connect(&f->call, h, a, fresh, peek)) {
	case CALL_CONNECTED:
		forward_count(f);
		call_begin(&f->call);
		return false;
	case CALL_FULL:
		f->full |= 1u << f->ask.tried.count;
		forward_tried(f, h);
		return true;
	case CALL_LACKS:
		req_fail(f->req, WHY_OVERLOADED);
		return false;
	case CALL_REFUSED:
		forward_count(f);
		return forward_refused(f);
	}
	return false;
}

/* The same, when no endpoint was left to choose. */
static bool
forward_none_left(struct forward *f)
{
	uint32_t tried = f->ask.tried.count;
	uint32_t full = (uint32_t)__builtin_popcount(f->full);

	if (tried == 0) {
		req_fail(f->req, f->why != WHY_OK ? f->why : WHY_NO_ENDPOINT);
		return false;
	}
	if (full == tried) {
		forward_full(f);
		return false;
	}
	if (!f->delayed) {
		forward_delay(f);
		return false;
	}
	forward_forget_tried(f);
	return true;
}

void
forward_try(struct forward *f)
{
	const struct eset_member *m;
	bool next = true;

	while (next) {
		m = balance_pick(f->req->env->balance, &f->ask);
		next = m != NULL
		    ? forward_call(f, m->handle, &m->addr, m->manner, false)
		    : forward_none_left(f);
	}
}

/* ---- calls that ended ---- */

/*
 * A pooled connection that its endpoint had closed meanwhile: once more, on a
 * fresh one to the same endpoint, where sending twice does no harm (RFC 9110
 * 9.2.2, RFC 9112 9.3.1). Likewise a stream that it has not looked at (RFC 9113
 * 6.8, 8.7); if that is because it was closing the connection, the next one may
 * soon be, too.
 */
static bool
forward_was_stale(const struct forward *f, enum why why)
{
	if (!forward_whole(f) || f->interim ||
	    f->spared >= (f->call.leaving ? FORWARD_LEAVING_MAX : 1))
		return false;
	return why == WHY_UPSTREAM_REFUSED ||
	    (why == WHY_UPSTREAM_CLOSED && f->call.reused && !f->call.heard &&
		forward_repeatable(f, why));
}

static void
forward_freshen(struct forward *f, enum why why)
{
	struct endpoint_handle h = f->call.handle;
	struct env *e = f->req->env;

	f->spared++;
	if (why == WHY_UPSTREAM_CLOSED)
		env_count(e, COUNTER_UPSTREAM_STALE, 1);
	if (!registry_endpoint_live(e->region, h) ||
	    forward_call(
		f, h, &f->call.addr, f->manner, why != WHY_UPSTREAM_REFUSED))
		forward_try(f);
}

/* As if it had been known when the call began, which is thus none. */
static void
forward_had_no_room(struct forward *f)
{
	f->req->attempts--;
	f->full |= 1u << f->ask.tried.count;
	forward_tried(f, f->call.handle);
	forward_try(f);
}

void
forward_failed(struct call *c, enum why why)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	if (f->waiting)
		return; /* the rest of an answer that was dropped */
	if (q->state == REQ_ANSWERING) {
		req_end(q, why, true);
		return;
	}
	if (why == WHY_ENDPOINTS_FULL) {
		forward_had_no_room(f);
		return;
	}
	if (forward_was_stale(f, why)) {
		forward_freshen(f, why);
		return;
	}
	f->why = why;
	if (!forward_again(f, why, 0)) {
		req_fail(q, why);
		return;
	}
	forward_tried(f, c->handle);
	if (retry_unseen(why))
		forward_try(f);
	else
		forward_delay(f);
}

bool
forward_retries_status(const struct forward *f, uint16_t status)
{
	return forward_again(f, WHY_OK, status);
}

void
forward_retry_answered(struct forward *f)
{
	f->why = WHY_OK;
	f->dropped = 0;
	forward_tried(f, f->call.handle);
	forward_delay(f);
}
