/*
 * inquiry_try.c - which endpoint an inquiry goes to, and when. What was sent
 * and perhaps looked at is not sent again; an endpoint that has as many
 * connections as it may is waited for as long as there is time.
 */
#include "shm/permit.h"
#include "worker/origin/inquiry_state.h"
#include "worker/origin/retry_budget.h"

#define INQUIRY_CALLS 3u
#define INQUIRY_FULL_US 2000u

/* The endpoint of the call is left out; false: it has ended, for `why`. */
static bool
inquiry_tried(struct inquiry *i, enum why why)
{
	struct balance_tried *tried = &i->balance.tried;

	if (tried->count == BALANCE_TRIED_MAX) {
		inquiry_fail(i, why);
		return false;
	}
	tried->index[tried->count++] = i->call.handle.index;
	return true;
}

static bool
inquiry_wait(struct inquiry *i, uint64_t us)
{
	queue_leave(&i->wait);
	timer_set(
	    &i->env->loop->timers, &i->again, mono_add_us(clock_now(), us));
	return false;
}

/* ---- all endpoints are full ---- */

static void
inquiry_forget_tried(struct inquiry *i)
{
	i->balance.tried.count = 0;
	i->full = i->barred = 0;
}

static void
inquiry_look(struct queue_waiter *w)
{
	struct inquiry *i = CONTAINER_OF(w, struct inquiry, wait);

	inquiry_forget_tried(i);
	inquiry_try(i);
}

static void
inquiry_waited_in_vain(struct queue_waiter *w, enum why why)
{
	inquiry_fail(CONTAINER_OF(w, struct inquiry, wait), why);
}

/* As forward_queue. */
static void
inquiry_queue(struct inquiry *i)
{
	const struct img_service *s = i->asked.service;
	struct queue_rule rule = { .service = s->slot,
		.class = s->class,
		.length = s->queue.length,
		.timeout_us = s->queue.timeout_us };
	enum why why;

	i->wait.look = inquiry_look;
	i->wait.over = inquiry_waited_in_vain;
	i->wait.arrived = i->began;
	i->crowded = true;
	why = queue_enter(&i->wait, i->env, &rule);
	if (why != WHY_OK)
		inquiry_fail(i, why);
}

void
inquiry_next(struct inquiry *i)
{
	const struct img_service *s = i->asked.service;

	if (s->queue.length != 0 && queue_is_before(i->env, s->slot, s->class))
		inquiry_queue(i);
	else
		inquiry_try(i);
}

/* Connections to them that idle in other workers are given up. */
static bool
inquiry_await_room(struct inquiry *i)
{
	struct env *e = i->env;
	struct balance_tried *tried = &i->balance.tried;

	for (uint32_t n = 0; n < tried->count; n++)
		if (registry_pooled(e->region, tried->index[n]) != 0)
			permit_want(e->region, tried->index[n], clock_now().us);
	e->wake_others(e);
	inquiry_forget_tried(i);
	i->crowded = true;
	return inquiry_wait(i, INQUIRY_FULL_US);
}

static bool
inquiry_is_full(struct inquiry *i)
{
	if (i->asked.service->queue.length == 0)
		return inquiry_await_room(i);
	inquiry_queue(i);
	return false;
}

/* For their breakers alone. */
static bool
inquiry_all_barred(const struct inquiry *i)
{
	uint64_t wait_us;

	return balance_barred(i->env->balance, &i->balance, &wait_us) ||
	    (i->barred != 0 && i->barred == i->balance.tried.count);
}

static bool
inquiry_none_left(struct inquiry *i)
{
	uint32_t tried = i->balance.tried.count;

	if (inquiry_all_barred(i)) {
		inquiry_fail(i, WHY_BREAKER_OPEN);
		return false;
	}
	if (tried != 0 && i->full + i->barred == tried)
		return inquiry_is_full(i);
	inquiry_fail(i, tried != 0 ? WHY_CONNECT_FAILED : WHY_NO_ENDPOINT);
	return false;
}

/* False: it waits, or has ended. */
static bool
inquiry_speak(struct inquiry *i, uint64_t manner)
{
	struct manner m = i->asked;

	if (!manner_find(&m, i->env, manner)) {
		if (i->turns++ < MANNER_TURNS_MAX)
			return inquiry_wait(i, MANNER_TURN_US);
		inquiry_fail(i, WHY_NO_ENDPOINT);
		return false;
	}
	if (!manner_take(&m, i->env, &i->call.params)) {
		inquiry_fail(i, WHY_OVERLOADED);
		return false;
	}
	i->ask.https = m.service->tls != IMG_NONE;
	return true;
}

/* Its first call: as forward_count. */
static void
inquiry_count(struct inquiry *i)
{
	queue_leave(&i->wait);
	if (!i->booked)
		retry_book(i->env, i->asked.service);
	i->booked = true;
}

/* True when another endpoint is to be chosen. */
static bool
inquiry_call(struct inquiry *i, const struct eset_member *m)
{
	if (!inquiry_speak(i, m->manner))
		return false;
	switch (call_connect(&i->call, m->handle, &m->addr, i->fresh, true)) {
	case CALL_CONNECTED:
		inquiry_count(i);
		i->turns = 0;
		i->crowded = false;
		i->calls++;
		call_begin(&i->call);
		return false;
	case CALL_LACKS:
		inquiry_fail(i, WHY_OVERLOADED);
		return false;
	case CALL_FULL:
		i->full++;
		return inquiry_tried(i, WHY_ENDPOINTS_FULL);
	case CALL_BARRED:
		i->barred++;
		return inquiry_tried(i, WHY_BREAKER_OPEN);
	case CALL_REFUSED:
		inquiry_count(i);
		break;
	case CALL_PLANNED: /* nobody is asked where nothing is done */
		break;
	}
	return inquiry_tried(i, WHY_CONNECT_FAILED);
}

void
inquiry_try(struct inquiry *i)
{
	const struct eset_member *m;
	bool next = true;

	while (next) {
		m = balance_pick(i->env->balance, &i->balance);
		next = m != NULL ? inquiry_call(i, m) : inquiry_none_left(i);
	}
}

/* Nothing was sent, or nobody has looked at it: as forward_was_stale. */
static bool
inquiry_unseen(const struct inquiry *i, enum why why)
{
	const struct call *c = &i->call;

	return !c->connected || why == WHY_UPSTREAM_REFUSED ||
	    (why == WHY_UPSTREAM_CLOSED && c->reused && !c->heard);
}

static bool
inquiry_may_go_on(const struct inquiry *i, enum why why)
{
	return !i->late && i->calls < INQUIRY_CALLS && inquiry_unseen(i, why) &&
	    (why == WHY_ENDPOINTS_FULL ||
		retry_afford(i->env, i->asked.service, why, i->call.leaving));
}

void
inquiry_failed(struct call *c, enum why why)
{
	struct inquiry *i = c->user;

	if (i->over)
		return;
	if (!inquiry_may_go_on(i, why)) {
		inquiry_fail(i, why);
		return;
	}
	if (why == WHY_ENDPOINTS_FULL) {
		i->calls--;
		i->full++;
	}
	i->fresh = why == WHY_UPSTREAM_CLOSED;
	/* The endpoint itself is well. */
	if (!c->connected && !inquiry_tried(i, why))
		return;
	if (i->fresh)
		inquiry_try(i); /* what it had, it gets again */
	else
		inquiry_next(i);
}
