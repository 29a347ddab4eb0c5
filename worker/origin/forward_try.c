/*
 * forward_try.c - the sequence of calls: which endpoint is next, when, and what
 * is said when there is none.
 *
 *	try -> pick -> connect -> begun
 *	        ^  |      +-> refused: decide -> pick | wait | fail
 *	        |  |      +-> full, or barred: passed over -> pick
 *	        |  +-> none left: tried ones -> delay, then they again
 *	        |                 all full   -> forward_full
 *	        |                 all barred -> fail
 *	        |                 none       -> fail
 *	       wait <- failed, or answered with a status to retry: decide
 *
 * The image is read here, and only before the head of an answer goes to the
 * client: until then the request holds it.
 */
#include "worker/origin/forward_state.h"

#include "common/base/must.h"
#include "worker/flow/trace.h"
#include "worker/origin/retry.h"
#include "worker/origin/retry_after.h"
#include "worker/origin/retry_budget.h"

/* So many connections that say GOAWAY one after the other. */
#define FORWARD_LEAVING_MAX 8

/*
 * Sending it twice does no harm. A switch that was asked for may have been made
 * unless an answer says that it was not.
 */
bool
forward_repeatable(const struct forward *f, enum why why)
{
	return forward_idempotent(f) &&
	    (f->req->up.upgrade.n == 0 || why == WHY_OK);
}

/* Whether the rule wants another call after one that ended like this. */
static bool
forward_wants_again(const struct forward *f, enum why why, uint16_t status)
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

	return retry_again(rule, img_at(q->image, rule->statuses.off), &how) &&
	    !forward_barred(f);
}

static bool
forward_affords(const struct forward *f, enum why why)
{
	return retry_afford(f->req->env, f->req->service, why, f->call.leaving);
}

/* The same, in so many us, and it can be afforded: it counts from now on. */
static bool
forward_again(struct forward *f, enum why why, uint64_t us)
{
	return forward_wants_again(f, why, 0) && forward_in_time(f, us) &&
	    forward_affords(f, why);
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
	f->full = f->barred = 0;
}

/* ---- waiting ---- */

static void
forward_waited(struct timer *t)
{
	struct forward *f = CONTAINER_OF(t, struct forward, timer);

	f->waiting = false;
	call_abort(&f->call); /* the rest of an answer that was dropped */
	if (f->falling)
		forward_fall(f);
	else if (f->turns != 0)
		forward_try(f); /* it was its turn, but for an image */
	else
		forward_next(f);
}

void
forward_wait(struct forward *f, uint64_t us)
{
	if (!f->ticks)
		timer_init(&f->timer, forward_waited);
	f->ticks = true;
	f->waiting = true;
	forward_leave_queue(f);
	forward_hold_body(f);
	timer_set(&f->req->env->loop->timers, &f->timer,
	    mono_add_us(clock_now(), us));
}

/* Until the next call, by the rule. */
static uint64_t
forward_delay_us(const struct forward *f)
{
	const struct req *q = f->req;

	return retry_delay_us(&q->service->retry, forward_attempts(f),
	    random_word(&q->env->random));
}

static void
forward_delay(struct forward *f, uint64_t us)
{
	f->delayed = true;
	forward_wait(f, us);
}

/* ---- one call ---- */

static void
forward_count(struct forward *f)
{
	struct req *q = f->req;

	if (!f->booked)
		forward_book(f);
	if (q->attempts++ != f->before)
		env_count(q->env, COUNTER_UPSTREAM_RETRIES, 1);
	q->endpoint =
	    registry_endpoint_text(q->env->region, f->call.handle.index);
	forward_note_begin(f);
	forward_note_full(f);
	if (q->trace != NULL)
		trace_call(q, f->try);
	f->delayed = false;
	f->full_steps = f->full_looks = 0;
	f->turns = 0;
}

/* True when another endpoint is to be chosen at once. */
static bool
forward_refused(struct forward *f)
{
	f->why = WHY_CONNECT_FAILED;
	forward_note_end(f, f->why);
	if (!forward_again(f, f->why, 0)) {
		req_fail(f->req, f->why);
		return false;
	}
	forward_tried(f, f->call.handle);
	return true;
}

/*
 * A pooled one may just be closing, and a tunnel is not asked for twice; but
 * where connections are bounded or shared, it is one that is there.
 */
static bool
forward_spares_pool(const struct forward *f)
{
	return f->call.tunnel && f->call.params.max_connections == 0 &&
	    f->call.params.protocol != IMG_PROTOCOL_H2;
}

/* The same. Else the call has begun, or the request has ended. */
static bool
forward_call(struct forward *f, struct endpoint_handle h, const struct addr *a,
    uint64_t manner, bool fresh)
{
	bool peek = f->req->head.body != BODY_NONE ||
	    !forward_repeatable(f, WHY_UPSTREAM_CLOSED);

	forward_hold_body(f);
	if (!forward_speak(f, manner))
		return false;
	fresh = fresh || forward_spares_pool(f);
	switch (call_connect(&f->call, h, a, fresh, peek)) {
	case CALL_CONNECTED:
		forward_leave_queue(f);
		forward_count(f);
		forward_watch_probe(f);
		call_begin(&f->call);
		return false;
	case CALL_FULL:
		f->full |= 1u << f->ask.tried.count;
		forward_tried(f, h);
		return true;
	case CALL_BARRED:
		forward_note_barred(f);
		forward_pass_over(f, f->call.barred_us);
		forward_tried(f, h);
		return true;
	case CALL_LACKS:
		req_fail(f->req, WHY_OVERLOADED);
		return false;
	case CALL_REFUSED:
		forward_leave_queue(f);
		forward_count(f);
		return forward_refused(f);
	case CALL_PLANNED:
		forward_leave_queue(f);
		forward_count(f);
		f->planned = true;
		return false;
	}
	return false;
}

/* Why there is no answer when there is no other call. */
static enum why
forward_reason(const struct forward *f)
{
	return f->why != WHY_OK ? f->why : WHY_NO_ENDPOINT;
}

/* The same, when no endpoint was left to choose. */
static bool
forward_none_left(struct forward *f)
{
	uint32_t tried = f->ask.tried.count;
	uint32_t passed = (uint32_t)__builtin_popcount(f->full | f->barred);
	uint64_t us;

	if (forward_none_lets_through(f))
		return false;
	if (tried == 0) {
		req_fail(f->req, forward_reason(f));
		return false;
	}
	if (passed == tried) {
		forward_full(f);
		return false;
	}
	if (f->delayed) {
		forward_forget_tried(f);
		return true;
	}
	us = forward_delay_us(f);
	if (forward_in_time(f, us))
		forward_delay(f, us);
	else
		req_fail(f->req, forward_reason(f));
	return false;
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
	/* What it had, it gets again; a stream that it had not is another. */
	if (why == WHY_UPSTREAM_REFUSED && forward_has_to_wait(f))
		forward_queue(f);
	else if (!registry_endpoint_live(e->region, h) ||
	    forward_call(
		f, h, &f->call.addr, f->manner, why != WHY_UPSTREAM_REFUSED))
		forward_next(f);
}

/* As if it had been known when the call began, which is thus none. */
static void
forward_had_no_room(struct forward *f)
{
	f->req->attempts--;
	forward_note_drop(f);
	f->full |= 1u << f->ask.tried.count;
	forward_tried(f, f->call.handle);
	forward_next(f);
}

/* Another call, or none. */
static void
forward_go_on(struct forward *f, enum why why)
{
	uint64_t us = retry_unseen(why) ? 0 : forward_delay_us(f);

	f->why = why;
	if (!forward_again(f, why, us)) {
		req_fail(f->req, why);
		return;
	}
	forward_tried(f, f->call.handle);
	if (retry_unseen(why))
		forward_next(f);
	else
		forward_delay(f, us);
}

void
forward_failed(struct call *c, enum why why)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	if (f->waiting)
		return; /* the rest of an answer that was dropped */
	if (why == WHY_ENDPOINTS_FULL && q->state != REQ_ANSWERING) {
		forward_had_no_room(f);
		return;
	}
	forward_note_end(f, why);
	if (q->state == REQ_ANSWERING) {
		req_end(q, why, true);
		return;
	}
	if (f->late)
		req_fail(q, WHY_RETRY_DEADLINE);
	else if (!forward_was_stale(f, why))
		forward_go_on(f, why);
	else if (forward_affords(f, why))
		forward_freshen(f, why);
	else
		req_fail(q, why);
}

/* By what the endpoint says; false: it says that it is not worth the wait. */
static bool
forward_heed(struct forward *f, const struct head *h)
{
	uint64_t asked = 0;

	if (h->status == 503 || h->status == 429)
		asked = retry_after_us(h, clock_wall());
	f->delay_us = forward_delay_us(f);
	if (f->delay_us < asked)
		f->delay_us = asked;
	return asked <= f->req->service->retry.max_us &&
	    forward_in_time(f, f->delay_us);
}

bool
forward_retries(struct forward *f, const struct head *h)
{
	return forward_wants_again(f, WHY_OK, h->status) &&
	    forward_heed(f, h) && forward_affords(f, WHY_OK);
}

void
forward_retry_answered(struct forward *f)
{
	f->why = WHY_OK;
	f->dropped = 0;
	forward_note_end(f, WHY_OK);
	forward_tried(f, f->call.handle);
	forward_delay(f, f->delay_us);
}
