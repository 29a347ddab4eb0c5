/*
 * inquiry.c - see inquiry.h: its beginning, the answer, the end.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "worker/origin/inquiry_state.h"

#define INQUIRY_ARENA_MAX (256u << 10)
#define INQUIRY_BODY_FIRST 2048u

/* ---- the end ---- */

static void
inquiry_free(struct loop_task *t)
{
	struct inquiry *i = CONTAINER_OF(t, struct inquiry, free);

	arena_fini(&i->arena);
	free(i->body);
	free(i);
}

/* The service's breaker learns how it went, unless that was no fault of it. */
static void
inquiry_give_back(struct inquiry *i, enum why why)
{
	struct judged v = i->call.judged;

	if (why != WHY_OK && why_table[why].fault != FAULT_UPSTREAM)
		v.is = JUDGED_NOT;
	service_give_back(&i->pass, i->env, &i->call.params.judge, &v);
}

/* Its memory goes at the end of the turn: a call may be on the stack. */
static void
inquiry_close(struct inquiry *i, enum why why)
{
	struct env *e = i->env;

	i->over = true;
	loop_task_cancel(&i->begin);
	timer_fini(&e->loop->timers, &i->timer);
	timer_fini(&e->loop->timers, &i->again);
	queue_forget(&i->wait);
	call_abort(&i->call);
	inquiry_give_back(i, why);
	epoch_unpin(e->region, e->slot, i->asked.image_slot);
	loop_defer_free(e->loop, &i->free);
}

void
inquiry_fail(struct inquiry *i, enum why why)
{
	struct inquiry_answer a = { .why = why };

	inquiry_close(i, why);
	i->done(i->user, &a);
}

static void
inquiry_succeed(struct inquiry *i)
{
	struct inquiry_answer a = { .head = &i->answer, .why = WHY_OK };

	if (!i->head_only)
		a.body = slice_make(i->body, i->body_bytes);
	inquiry_close(i, WHY_OK);
	i->done(i->user, &a);
}

/* The endpoint that hangs is known as one from now on. */
static void
inquiry_late(struct timer *t)
{
	struct inquiry *i = CONTAINER_OF(t, struct inquiry, timer);

	i->late = true;
	call_expire(&i->call);
	if (!i->over)
		inquiry_fail(
		    i, i->crowded ? WHY_ENDPOINTS_FULL : WHY_RESPONSE_TIMEOUT);
}

/* ---- the call ---- */

static void
inquiry_host(struct inquiry *i)
{
	struct slice host = img_slice(i->asked.image, i->asked.service->host);

	if (host.n == 0)
		host = registry_endpoint_text(
		    i->env->region, i->call.handle.index);
	i->ask.fields[0].value = host;
}

static void
inquiry_ready(struct call *c)
{
	struct inquiry *i = c->user;

	inquiry_host(i);
	if (!call_send_head(c, &i->ask, i->ask_body.n == 0)) {
		inquiry_fail(i, WHY_OVERLOADED);
		return;
	}
	if (i->ask_body.n != 0) {
		call_send_data(c, i->ask_body);
		call_send_end(c, NULL);
	}
	(void)call_flush(c);
}

static void
inquiry_interim(struct call *c, const struct head *h)
{
	(void)c;
	(void)h;
}

static void
inquiry_head(struct call *c, const struct head *h)
{
	struct inquiry *i = c->user;

	if (!head_copy(&i->answer, h, &i->arena, 0))
		inquiry_fail(i, WHY_OVERLOADED);
}

/* False without memory. */
static bool
body_reserve(struct inquiry *i, size_t bytes)
{
	size_t room = i->body_room != 0 ? i->body_room : INQUIRY_BODY_FIRST;
	char *body;

	while (room < bytes)
		room *= 2;
	if (room == i->body_room)
		return true;
	body = realloc(i->body, room);
	if (body == NULL)
		return false;
	i->body = body;
	i->body_room = room;
	return true;
}

static void
inquiry_keep(struct inquiry *i, struct slice bytes)
{
	if (!body_reserve(i, i->body_bytes + bytes.n)) {
		inquiry_fail(i, WHY_OVERLOADED);
		return;
	}
	memcpy(i->body + i->body_bytes, bytes.p, bytes.n);
	i->body_bytes += bytes.n;
}

static void
inquiry_data(struct call *c, struct slice bytes)
{
	struct inquiry *i = c->user;

	if (i->over)
		return;
	if (bytes.n > INQUIRY_BYTES_MAX - i->body_bytes) {
		if (i->head_only)
			inquiry_succeed(i);
		else
			inquiry_fail(i, WHY_BAD_RESPONSE);
	} else if (i->head_only) {
		i->body_bytes += bytes.n;
	} else {
		inquiry_keep(i, bytes);
	}
}

static void
inquiry_end(struct call *c, const struct head *trailers)
{
	struct inquiry *i = c->user;

	(void)trailers;
	if (!i->over)
		inquiry_succeed(i);
}

static bool
inquiry_fits(const struct call *c, const struct head *h)
{
	(void)c;
	(void)h;
	return false; /* no switch was asked for */
}

static void
inquiry_nothing(struct call *c)
{
	(void)c;
}

const struct call_sink inquiry_sink = {
	.ready = inquiry_ready,
	.interim = inquiry_interim,
	.head = inquiry_head,
	.fits = inquiry_fits,
	.switched = inquiry_interim,
	.data = inquiry_data,
	.end = inquiry_end,
	.failed = inquiry_failed,
	.drained = inquiry_nothing,
	.burst = inquiry_nothing,
};

/* ---- the beginning ---- */

static void
inquiry_start(struct loop_task *t)
{
	struct inquiry *i = CONTAINER_OF(t, struct inquiry, begin);
	const struct call_params *p = &i->call.params;
	uint64_t wait_us;

	if (service_admit(&i->pass, i->env, &p->judge, p->service, &wait_us))
		inquiry_next(i);
	else
		inquiry_fail(i, WHY_BREAKER_OPEN);
}

static void
inquiry_tried_again(struct timer *t)
{
	inquiry_try(CONTAINER_OF(t, struct inquiry, again));
}

static void
inquiry_policy(struct inquiry *i)
{
	const struct img_service *s = i->asked.service;
	const struct img_timeouts *t = &s->timeouts;

	i->call.env = i->env;
	i->call.sink = &inquiry_sink;
	i->call.user = i;
	i->call.params = (struct call_params){
		.connect_us = t->connect,
		.response_us = t->response,
		.send_us = t->send,
		.tunnel_us = t->response, /* events are no answer */
		.pool_idle_us = s->pool_idle_us,
		.pool_max_idle = s->pool_max_idle,
		.max_connections = s->max_connections,
		.response_head_bytes =
		    i->asked.image->limits.response_head_bytes,
		.service = s->slot,
		.algorithm = s->balance,
		.rule = { s->passive.failures, s->passive.time_us },
	};
	judge_init(&i->call.params.judge, i->asked.image, s, s->class);
	i->balance = (struct balance_ask){ .service = s->slot,
		.algorithm = s->balance,
		.hash = clock_now().us,
		.panic_threshold = s->panic_threshold,
		.class = s->class,
		.rule = i->call.params.rule,
		.bypass = i->call.params.judge.bypass };
	if ((i->call.params.judge.scope & IMG_BREAKER_ENDPOINT) != 0)
		i->balance.breaker = &i->call.params.judge.rule;
}

/* Host comes first; its value is the endpoint's, in each try. */
static bool
inquiry_copy(struct inquiry *i, const struct inquiry_ask *ask)
{
	const struct head *h = ask->head;
	struct field fields[1 + INQUIRY_FIELDS_MAX];
	struct head with = *h;

	if (h->count > INQUIRY_FIELDS_MAX)
		return false;
	with.fields = fields;
	with.count = 0;
	with.present = 0;
	head_add(&with, FIELD_HOST, SLICE_LIT("-"));
	if (h->count != 0)
		memcpy(fields + 1, h->fields, h->count * sizeof(*fields));
	with.count += h->count;
	with.present |= h->present;
	with.version = HTTP_1_1;
	with.body = ask->body.n != 0 ? BODY_LENGTH : BODY_NONE;
	with.length = ask->body.n;
	i->ask_body = arena_copy(&i->arena, ask->body);
	return head_copy(&i->ask, &with, &i->arena, 0) &&
	    !arena_failed(&i->arena);
}

static void
inquiry_timers(struct inquiry *i, uint64_t timeout_us)
{
	struct loop *l = i->env->loop;

	loop_task_init(&i->begin, inquiry_start);
	loop_task_init(&i->free, inquiry_free);
	timer_init(&i->again, inquiry_tried_again);
	timer_init(&i->timer, inquiry_late);
	timer_set(&l->timers, &i->timer, mono_add_us(clock_now(), timeout_us));
	loop_defer(l, &i->begin);
}

struct inquiry *
inquiry_begin(struct env *e, const struct inquiry_ask *ask,
    inquiry_done_fn *done, void *user)
{
	const struct img_service *all =
	    img_at(ask->image, ask->image->services.off);
	struct inquiry *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return NULL;
	i->env = e;
	i->done = done;
	i->user = user;
	i->asked =
	    (struct manner){ ask->image, &all[ask->service], ask->image_slot };
	i->began = clock_now();
	i->head_only = ask->head_only;
	arena_init(&i->arena, NULL, 0, INQUIRY_ARENA_MAX);
	if (!inquiry_copy(i, ask)) {
		arena_fini(&i->arena);
		free(i);
		return NULL;
	}
	epoch_pin(e->region, e->slot, ask->image_slot);
	inquiry_policy(i);
	inquiry_timers(i, ask->timeout_us);
	return i;
}

void
inquiry_cancel(struct inquiry *i)
{
	MUST(!i->over);
	inquiry_close(i, WHY_CLIENT_CLOSED);
}
