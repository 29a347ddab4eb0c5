/*
 * inquiry_try.c - which endpoint an inquiry goes to, and when. What was sent
 * and perhaps looked at is not sent again; an endpoint that has as many
 * connections as it may is waited for as long as there is time.
 */
#include "shm/permit.h"
#include "worker/origin/inquiry_state.h"

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
	timer_set(
	    &i->env->loop->timers, &i->again, mono_add_us(clock_now(), us));
	return false;
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
	tried->count = 0;
	i->full = 0;
	i->crowded = true;
	return inquiry_wait(i, INQUIRY_FULL_US);
}

static bool
inquiry_none_left(struct inquiry *i)
{
	uint32_t tried = i->balance.tried.count;

	if (tried != 0 && i->full == tried)
		return inquiry_await_room(i);
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

/* True when another endpoint is to be chosen. */
static bool
inquiry_call(struct inquiry *i, const struct eset_member *m)
{
	if (!inquiry_speak(i, m->manner))
		return false;
	switch (call_connect(&i->call, m->handle, &m->addr, i->fresh, true)) {
	case CALL_CONNECTED:
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
	case CALL_REFUSED:
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

void
inquiry_failed(struct call *c, enum why why)
{
	struct inquiry *i = c->user;

	if (i->over)
		return;
	if (i->late || i->calls >= INQUIRY_CALLS || !inquiry_unseen(i, why)) {
		inquiry_fail(i, why);
		return;
	}
	if (why == WHY_ENDPOINTS_FULL) {
		i->calls--;
		i->full++;
	}
	i->fresh = why == WHY_UPSTREAM_CLOSED;
	/* The endpoint itself is well. */
	if (c->connected || inquiry_tried(i, why))
		inquiry_try(i);
}
