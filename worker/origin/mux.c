/*
 * mux.c - see mux.h: which calls are on it, and its end. What its socket says,
 * and what is done at the end of a turn, is in mux_io.c.
 */
#include "worker/origin/mux_state.h"

#include <errno.h>

#include "common/base/must.h"
#include "worker/origin/opool.h"
#include "worker/origin/queue.h"

void
mux_set_state(struct mux *m, enum mux_state to)
{
	MUST(m->state != MUX_CLOSED);
	m->state = (uint8_t)to;
}

void
mux_stir(struct mux *m)
{
	if (m->state != MUX_CLOSED)
		loop_defer(m->wire.env->loop, &m->task);
}

/* ---- room ---- */

/*
 * The SETTINGS came in this turn, at whose end those who wait have their
 * streams: one more may join them where the peer allows it.
 */
static bool
mux_suffices(const struct mux *m)
{
	return list_empty(&m->waiting) || m->count < h2_peer_streams(m->h2);
}

bool
mux_has_room(const struct mux *m)
{
	if (m->state == MUX_LEAVING || m->state == MUX_CLOSED || m->yields ||
	    (m->h2 != NULL && h2_fault(m->h2) != H2_FINE))
		return false;
	if (!mux_settled(m))
		return m->count < opool_streams(mux_pool(m), m->wire.handle);
	return m->count < MUX_STREAMS_MAX && h2_may_open(m->h2) &&
	    mux_suffices(m);
}

void
mux_replace(struct mux *m)
{
	bool roomy = mux_has_room(m);

	if (m->state == MUX_CLOSED || m->roomy == roomy)
		return;
	m->roomy = roomy;
	opool_mux_move(mux_pool(m), m, roomy);
	if (roomy && m->wire.bounded)
		queue_freed(m->wire.env, m->wire.service);
}

/*
 * Another worker needs the permit: no call comes for a while, in which those
 * that are there may end.
 */
static void
mux_yield(struct mux *m)
{
	struct env *e = m->wire.env;

	m->yields = true;
	timer_set(&e->loop->timers, &m->timer,
	    mono_add_us(clock_now(), queue_turn_us(e, m->wire.service)));
}

void
mux_go_on(struct mux *m)
{
	m->yields = false;
	mux_replace(m);
}

/* A stream for this lane, now. */
static bool
mux_admits(const struct mux *m, const struct lane *l)
{
	if (m->state != MUX_READY || !h2_may_open(m->h2))
		return false;
	if (!mux_settled(m))
		return list_empty(&m->lanes) && !l->tunnel;
	return !l->tunnel || h2_takes_connect(m->h2);
}

static bool
mux_admit(struct mux *m, struct lane *l)
{
	if (!mux_admits(m, l) || !lane_open(l, m->h2))
		return false;
	list_remove(&l->link);
	list_push_back(&m->lanes, &l->link);
	return true;
}

/* ---- calls come and go ---- */

void
mux_follow(struct mux *m, const struct origin_want *want)
{
	m->want.idle_us = want->idle_us;
	m->want.max_idle = want->max_idle;
	m->want.max_connections = want->max_connections;
	m->wire.bounded = want->max_connections != 0;
}

void
mux_enter(struct mux *m, struct lane *l)
{
	l->mux = m;
	l->origin.idled = m->quiet;
	m->count++;
	if (m->resting) {
		m->resting = false;
		timer_cancel(&m->timer);
		m->wire.io.watch.first = false;
		opool_mux_rests(mux_pool(m), m, -1);
	}
	list_push_back(&m->waiting, &l->link);
	if (m->waiting.next == &l->link && !mux_admit(m, l))
		mux_stir(m);
	mux_replace(m);
}

/* The last call has gone. */
static void
mux_rest(struct mux *m)
{
	struct env *e = m->wire.env;

	m->resting = m->quiet = true;
	opool_mux_rests(mux_pool(m), m, 1);
	if (m->yields)
		queue_freed_for_others(e, m->wire.service);
	if (m->state == MUX_CONNECTING || e->draining || m->yields ||
	    !opool_keeps_mux(mux_pool(m), m))
		mux_leave(m);
	if (m->state != MUX_READY)
		return;
	/* As solo.c: what comes now may be its end. */
	m->wire.io.watch.first = true;
	if (m->want.idle_us != 0)
		timer_set(&e->loop->timers, &m->timer,
		    mono_add_us(clock_now(), m->want.idle_us));
}

void
mux_exit(struct lane *l, enum h2_release how)
{
	struct mux *m = l->mux;

	list_remove(&l->link);
	list_remove(&l->burst);
	if (l->origin.stream != NULL) {
		l->origin.stream->user = NULL;
		h2_release(l->origin.stream, how);
		l->origin.stream = NULL;
	}
	m->count--;
	if (m->state == MUX_CLOSED)
		return;
	if (m->count == 0)
		mux_rest(m);
	else if (m->wire.bounded && !m->yields &&
	    queue_claims(m->wire.env, m->wire.service) == QUEUE_OTHERS)
		mux_yield(m);
	mux_replace(m);
	mux_stir(m);
}

/* ---- calls that wait ---- */

/* There is no room here after all: for a place on another one. */
static void
mux_send_away(struct mux *m, struct lane *l)
{
	struct origin_want want = m->want;
	struct mux *other;
	int error;

	want.fresh = l->fresh;
	want.peek = l->peek;
	mux_replace(m);
	other = opool_mux_like(mux_pool(m), &want);
	error = errno;
	if (other == NULL) {
		lane_fail(l,
		    error == EUSERS ? WHY_ENDPOINTS_FULL : WHY_CONNECT_FAILED,
		    error);
		return;
	}
	MUST(other != m);
	list_remove(&l->link);
	m->count--;
	mux_enter(other, l);
	if (m->count == 0)
		mux_rest(m);
	if (l->origin.state == ORIGIN_BUSY)
		l->origin.events->connected(l->origin.call);
}

void
mux_serve_waiting(struct mux *m)
{
	while (m->state != MUX_CLOSED && !list_empty(&m->waiting)) {
		struct lane *l =
		    CONTAINER_OF(m->waiting.next, struct lane, link);

		if (mux_admit(m, l))
			l->origin.events->connected(l->origin.call);
		else if (m->state == MUX_READY && !mux_settled(m))
			return;
		else if (m->state == MUX_READY && l->tunnel &&
		    !h2_takes_connect(m->h2))
			lane_fail(l, WHY_UPSTREAM_PROTOCOL, EOPNOTSUPP);
		else if (mux_admits(m, l))
			lane_fail(l, WHY_OVERLOADED, ENOMEM);
		else
			mux_send_away(m, l);
	}
}

/* ---- the end ---- */

void
mux_free(struct loop_task *t)
{
	struct mux *m = CONTAINER_OF(t, struct mux, free_task);

	if (m->h2 != NULL)
		h2_free(m->h2);
	pool_give(&mux_pool(m)->muxes, m);
}

void
mux_close(struct mux *m)
{
	struct loop *loop = m->wire.env->loop;

	mux_set_state(m, MUX_CLOSED);
	timer_fini(&loop->timers, &m->timer);
	loop_task_cancel(&m->task);
	wire_close(&m->wire);
	if (m->resting)
		opool_mux_rests(mux_pool(m), m, -1);
	opool_mux_remove(mux_pool(m), m);
	loop_defer_free(loop, &m->free_task);
}

void
mux_fail(struct mux *m, enum why why, int error)
{
	struct list *lists[] = { &m->lanes, &m->waiting };

	mux_close(m);
	for (int i = 0; i < 2; i++)
		while (!list_empty(lists[i]))
			lane_fail(
			    CONTAINER_OF(lists[i]->next, struct lane, link),
			    why, error);
}

void
mux_leave(struct mux *m)
{
	if (m->state == MUX_LEAVING || m->state == MUX_CLOSED)
		return;
	mux_set_state(m, MUX_LEAVING);
	mux_replace(m);
	mux_stir(m);
}

void
mux_end(struct mux *m)
{
	if (m->h2 != NULL && !m->wire.io.saw_eof) {
		h2_goaway(m->h2, true);
		(void)h2_pull(m->h2);
		(void)io_flush(&m->wire.io);
	}
	mux_close(m);
}

void
mux_suspect(struct mux *m, struct mono began)
{
	if (m->state != MUX_READY || m->heard.us >= began.us)
		return;
	if (m->pinged.us != 0 && m->heard.us < m->pinged.us) {
		mux_leave(m);
		return;
	}
	h2_ping(m->h2);
	m->pinged = clock_now();
	mux_stir(m);
}
