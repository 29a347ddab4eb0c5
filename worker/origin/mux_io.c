/*
 * mux_io.c - the connection of a mux: its beginning, what its socket says, and
 * the end of a turn, when what streams have to send goes out at once.
 */
#include <errno.h>

#include "common/base/log.h"
#include "common/base/must.h"
#include "worker/origin/mux_state.h"
#include "worker/origin/opool.h"

#define MUX_ALPN SLICE_LIT("h2")

/*
 * An answer whose client does not read is kept up to one window; all that a
 * connection may carry at once have one, so that none waits for another.
 */
#define MUX_WINDOW 131072u

static const struct h2_limits mux_h2_limits = {
	.window = MUX_WINDOW,
	.connection_window = MUX_STREAMS_MAX * MUX_WINDOW,
	.resets = 1000,
	.control = 10000,
};

static struct mux *
mux_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct mux, wire.io);
}

/* ---- the peer is at fault ---- */

static void
mux_log(const struct mux *m, const char *fault)
{
	const struct region *r = m->wire.env->region;
	struct slice s = registry_service_name(r, m->wire.service);
	struct slice at = registry_endpoint_text(r, m->wire.handle.index);

	if (opool_may_log(mux_pool(m)))
		log_warnx("service %.*s: HTTP/2 with endpoint %.*s failed: %s",
		    (int)s.n, s.p, (int)at.n, at.p, fault);
}

/* The codec has said the last word to its streams. */
static void
mux_broken(struct mux *m)
{
	enum h2_fault fault = h2_fault(m->h2);

	mux_log(m, h2_fault_text(m->h2));
	(void)h2_pull(m->h2);
	(void)io_flush(&m->wire.io);
	mux_fail(
	    m, fault == H2_MEMORY ? WHY_OVERLOADED : WHY_UPSTREAM_PROTOCOL, 0);
}

/* ---- the end of a turn ---- */

/* Calls that were told something are told that this was all. */
static void
mux_tell_bursts(struct mux *m)
{
	while (!list_empty(&m->burst)) {
		struct lane *l =
		    CONTAINER_OF(m->burst.next, struct lane, burst);

		list_remove(&l->burst);
		l->origin.events->burst(l->origin.call);
	}
}

/* False: it had to be closed. */
static bool
mux_send(struct mux *m)
{
	bool more, sent;

	/* The peer takes nothing more, or what it is told goes with its end. */
	if (m->wire.io.saw_eof)
		return true;
	do {
		more = !h2_pull(m->h2);
		sent = io_flush(&m->wire.io);
	} while (more && sent);
	if (h2_fault(m->h2) == H2_FINE)
		return true;
	mux_broken(m);
	return false;
}

static void
mux_turn(struct loop_task *t)
{
	struct mux *m = CONTAINER_OF(t, struct mux, task);

	if (m->h2 != NULL && h2_wants_deliver(m->h2)) {
		h2_deliver(m->h2);
		mux_tell_bursts(m);
	}
	if (m->h2 != NULL || m->state == MUX_LEAVING)
		mux_serve_waiting(m);
	if (m->state == MUX_CLOSED)
		return;
	if (m->h2 != NULL && !mux_send(m))
		return;
	mux_replace(m);
	if (m->state == MUX_LEAVING && m->count == 0)
		mux_end(m);
}

/* ---- what the socket does ---- */

static void
mux_after_input(struct mux *m)
{
	if (h2_fault(m->h2) != H2_FINE) {
		mux_broken(m);
		return;
	}
	if (h2_leaving(m->h2))
		mux_leave(m);
	if (mux_settled(m))
		opool_set_streams(
		    mux_pool(m), m->wire.handle, h2_peer_streams(m->h2));
	mux_replace(m);
	if (h2_wants_pull(m->h2) || h2_wants_deliver(m->h2) ||
	    !list_empty(&m->waiting))
		mux_stir(m);
}

static size_t
mux_input(struct io *io, const char *p, size_t n)
{
	struct mux *m = mux_of_io(io);
	size_t used;

	m->heard = clock_now();
	m->quiet = m->resting;
	used = codec_input(h2_codec(m->h2), p, n);
	if (m->state == MUX_CLOSED)
		return n;
	mux_tell_bursts(m);
	if (m->state == MUX_CLOSED)
		return n;
	mux_after_input(m);
	return m->state == MUX_CLOSED ? n : used;
}

static void
mux_eof(struct io *io)
{
	struct mux *m = mux_of_io(io);

	mux_leave(m);
	codec_eof(h2_codec(m->h2));
	if (m->state != MUX_CLOSED)
		mux_stir(m);
}

static void
mux_drained(struct io *io)
{
	struct mux *m = mux_of_io(io);

	if (m->h2 != NULL && h2_wants_pull(m->h2))
		mux_stir(m);
}

static bool
mux_begin(struct mux *m)
{
	m->h2 = h2_new(CODEC_CLIENT, &lane_codec_events, &m->limits,
	    &mux_h2_limits, &m->wire.io.out, m);
	if (m->h2 == NULL)
		return false;
	if (m->state == MUX_CONNECTING)
		mux_set_state(m, MUX_READY);
	mux_stir(m);
	return true;
}

static void
mux_connected(struct io *io)
{
	struct mux *m = mux_of_io(io);

	if (!wire_connected(&m->wire, MUX_ALPN)) {
		mux_log(m, "it does not agree to it (ALPN)");
		mux_fail(m, WHY_UPSTREAM_PROTOCOL, 0);
	} else if (!mux_begin(m)) {
		mux_fail(m, WHY_OVERLOADED, 0);
	}
}

static void
mux_failed(struct io *io, int error)
{
	struct mux *m = mux_of_io(io);

	mux_fail(m, wire_failed(&m->wire, m->h2 == NULL, error), error);
}

static const struct io_events mux_io_events = {
	.input = mux_input,
	.eof = mux_eof,
	.drained = mux_drained,
	.connected = mux_connected,
	.failed = mux_failed,
};

static void
mux_expired(struct timer *t)
{
	struct mux *m = CONTAINER_OF(t, struct mux, timer);

	if (m->resting)
		mux_end(m);
	else
		mux_go_on(m);
}

static void
mux_init(struct mux *m, const struct origin_want *want)
{
	m->h2 = NULL;
	m->want = *want;
	m->want.fresh = m->want.peek = false;
	m->want.name = slice_make(m->name, want->name.n);
	MUST(want->name.n <= sizeof(m->name));
	if (want->name.n != 0)
		memcpy(m->name, want->name.p, want->name.n);
	m->limits = (struct codec_limits){ .head_bytes = want->head_bytes,
		.fields = WIRE_FIELDS_MAX };
	m->heard = m->pinged = (struct mono){ 0 };
	m->count = 0;
	m->state = MUX_CONNECTING;
	m->resting = m->quiet = m->roomy = m->yields = false;
	timer_init(&m->timer, mux_expired);
	loop_task_init(&m->task, mux_turn);
	loop_task_init(&m->free_task, mux_free);
	list_init(&m->link);
	list_init(&m->lanes);
	list_init(&m->waiting);
	list_init(&m->burst);
}

struct mux *
mux_open(struct env *e, const struct origin_want *want)
{
	struct mux *m = pool_take(&e->opool->muxes);
	int saved;

	if (m == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (!wire_open(&m->wire, e, want, &mux_io_events)) {
		saved = errno;
		pool_give(&e->opool->muxes, m);
		errno = saved;
		return NULL;
	}
	mux_init(m, want);
	opool_mux_add(e->opool, m);
	if (!wire_connects(&m->wire) && !mux_begin(m)) {
		mux_close(m);
		errno = ENOMEM;
		return NULL;
	}
	return m;
}
