/*
 * lane.c - see lane.h: what its stream says, and its end.
 */
#include "worker/origin/lane.h"

#include <errno.h>

#include "common/base/must.h"
#include "worker/origin/mux.h"
#include "worker/origin/opool.h"

static void
lane_free(struct loop_task *t)
{
	struct lane *l = CONTAINER_OF(t, struct lane, free_task);

	pool_give(&l->origin.env->opool->lanes, l);
}

static void
lane_set_state(struct lane *l, enum origin_state to)
{
	MUST(l->origin.state != ORIGIN_CLOSED);
	l->origin.state = (uint8_t)to;
}

/* Takes it off its mux; its memory lives to the end of the turn. */
static void
lane_drop(struct lane *l, enum h2_release how)
{
	struct origin *o = &l->origin;

	lane_set_state(l, ORIGIN_CLOSED);
	o->call = NULL;
	timer_fini(&o->env->loop->timers, &o->timer);
	mux_exit(l, how);
	loop_defer_free(o->env->loop, &l->free_task);
}

void
lane_close(struct origin *o)
{
	lane_drop(lane_of(o), o->sent_all && o->ended ? H2_DONE : H2_CANCEL);
}

static void
lane_lose(struct lane *l, enum h2_release how, enum why why, int error)
{
	struct origin *o = &l->origin;
	struct call *c = o->call;

	lane_drop(l, how);
	o->events->failed(c, why, error);
}

void
lane_fail(struct lane *l, enum why why, int error)
{
	lane_lose(l, H2_CANCEL, why, error);
}

void
lane_stir(struct origin *o)
{
	mux_stir(lane_of(o)->mux);
}

void
lane_suspect(struct origin *o, struct mono began)
{
	mux_suspect(lane_of(o)->mux, began);
}

/* ---- what the codec says ---- */

/* NULL: it was released meanwhile. */
static struct lane *
lane_heard(struct stream *s)
{
	struct lane *l = s->user;

	if (l != NULL && list_empty(&l->burst))
		list_push_back(&l->mux->burst, &l->burst);
	return l;
}

static void
lane_head(struct stream *s, const struct head *h)
{
	struct lane *l = lane_heard(s);

	if (l != NULL)
		l->origin.events->head(l->origin.call, h);
}

static void
lane_data(struct stream *s, struct slice bytes)
{
	struct lane *l = lane_heard(s);

	if (l != NULL)
		l->origin.events->data(l->origin.call, bytes);
}

static void
lane_end(struct stream *s, const struct head *trailers)
{
	struct lane *l = lane_heard(s);

	if (l == NULL)
		return;
	l->origin.ended = true;
	l->origin.events->end(l->origin.call, trailers);
}

/* The peer is at fault, or memory lacks: every stream is over. */
static enum why
lane_why_fault(const struct mux *m)
{
	return h2_fault(m->h2) == H2_MEMORY ? WHY_OVERLOADED
					    : WHY_UPSTREAM_PROTOCOL;
}

static void
lane_error(struct stream *s, enum codec_error e)
{
	struct lane *l = s->user;
	struct mux *m;

	if (l == NULL)
		return;
	m = l->mux;
	l->origin.noticed = h2_fault(m->h2) == H2_FINE && !m->wire.io.saw_eof;
	/* Before the call tries again, perhaps here. */
	if (h2_fault(m->h2) != H2_FINE || h2_leaving(m->h2))
		mux_leave(m);
	if (e == CODEC_REFUSED)
		lane_lose(l, H2_CANCEL, WHY_UPSTREAM_REFUSED,
		    m->state == MUX_LEAVING ? ESHUTDOWN : 0);
	else if (h2_fault(m->h2) != H2_FINE)
		lane_lose(l, H2_CANCEL, lane_why_fault(m), 0);
	else if (e == CODEC_RESET || e == CODEC_TRUNCATED)
		lane_lose(l, H2_CANCEL, WHY_UPSTREAM_CLOSED, 0);
	else
		lane_lose(l, H2_BROKEN, WHY_BAD_RESPONSE, 0);
}

static void
lane_room(struct stream *s)
{
	struct lane *l = s->user;

	if (l != NULL)
		l->origin.events->drained(l->origin.call);
}

const struct codec_events lane_codec_events = {
	.head = lane_head,
	.data = lane_data,
	.end = lane_end,
	.error = lane_error,
	.room = lane_room,
};

/* ---- its beginning ---- */

bool
lane_open(struct lane *l, struct h2 *h)
{
	struct origin *o = &l->origin;
	struct stream *s = h2_open(h);

	if (s == NULL)
		return false;
	s->user = l;
	o->stream = s;
	lane_set_state(l, ORIGIN_BUSY);
	env_count(o->env, COUNTER_UPSTREAM_STREAMS, 1);
	return true;
}

static void
lane_expired(struct timer *t)
{
	struct origin *o = CONTAINER_OF(t, struct origin, timer);

	/* Others are not to wait for the same. */
	if (o->state == ORIGIN_CONNECTING)
		mux_leave(lane_of(o)->mux);
	o->events->expired(o->call);
}

static struct lane *
lane_new(struct env *e, struct call *c, const struct origin_events *events,
    const struct origin_want *want)
{
	struct lane *l = pool_take(&e->opool->lanes);

	if (l == NULL)
		return NULL;
	*l = (struct lane){ .origin = { .env = e,
				.events = events,
				.call = c,
				.handle = want->handle },
		.tunnel = want->tunnel,
		.fresh = want->fresh,
		.peek = want->peek };
	l->origin.state = ORIGIN_CONNECTING;
	timer_init(&l->origin.timer, lane_expired);
	loop_task_init(&l->free_task, lane_free);
	list_init(&l->link);
	list_init(&l->burst);
	return l;
}

struct origin *
lane_take(struct env *e, struct call *c, const struct origin_events *events,
    const struct origin_want *want)
{
	struct opool *p = e->opool;
	struct lane *l = lane_new(e, c, events, want);
	struct mux *m;

	if (l == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	m = opool_mux(p, want);
	if (m == NULL) {
		pool_give(&p->lanes, l);
		return NULL;
	}
	mux_follow(m, want);
	mux_enter(m, l);
	return &l->origin;
}
