/*
 * solo.c - see solo.h.
 */
#include "worker/origin/solo.h"

#include <errno.h>

#include "common/base/must.h"
#include "worker/origin/opool.h"

static struct solo *
solo_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct solo, wire.io);
}

static struct origin *
origin_of_stream(struct stream *s)
{
	return &CONTAINER_OF(s, struct solo, codec.stream)->origin;
}

/*
 * The first reads of an answer are small: a client that takes nothing of it
 * then costs no more than these, and most answers fit into one.
 */
#define SOLO_READ_FIRST 16384u
#define SOLO_READS_SMALL 2u

static void
solo_set_state(struct solo *s, enum origin_state to)
{
	MUST(s->origin.state != ORIGIN_CLOSED);
	s->origin.state = (uint8_t)to;
	/* What comes on an idle connection ends it: before a request of the
	 * same batch could take it for its answer. */
	s->wire.io.watch.first = to == ORIGIN_IDLE;
	s->reads = 0;
	s->wire.io.read_max = SOLO_READ_FIRST;
}

static void
solo_free(struct loop_task *t)
{
	struct solo *s = CONTAINER_OF(t, struct solo, free_task);

	pool_give(&s->origin.env->opool->solos, s);
}

void
solo_close(struct origin *o)
{
	struct solo *s = solo_of(o);
	struct env *e = o->env;
	bool idle = o->state == ORIGIN_IDLE;

	solo_set_state(s, ORIGIN_CLOSED);
	o->call = NULL;
	timer_fini(&e->loop->timers, &o->timer);
	wire_close(&s->wire);
	if (idle)
		opool_remove(e->opool, s);
	loop_defer_free(e->loop, &s->free_task);
}

/* Ends the connection and tells its call, if there is one. */
static void
solo_fail(struct origin *o, enum why why, int error)
{
	struct call *c = o->call;

	solo_close(o);
	if (c != NULL)
		o->events->failed(c, why, error);
}

static void
solo_head(struct stream *s, const struct head *h)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->head(o->call, h);
}

static void
solo_data(struct stream *s, struct slice bytes)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->data(o->call, bytes);
}

static void
solo_end(struct stream *s, const struct head *trailers)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->end(o->call, trailers);
}

static void
solo_error(struct stream *s, enum codec_error e)
{
	struct origin *o = origin_of_stream(s);

	if (o->state != ORIGIN_CLOSED)
		solo_fail(o,
		    e == CODEC_TRUNCATED ? WHY_UPSTREAM_CLOSED
					 : WHY_BAD_RESPONSE,
		    0);
}

static const struct codec_events solo_codec_events = {
	.head = solo_head,
	.data = solo_data,
	.end = solo_end,
	.error = solo_error,
};

static size_t
solo_input(struct io *io, const char *p, size_t n)
{
	struct solo *s = solo_of_io(io);
	struct origin *o = &s->origin;
	size_t used;

	if (o->state == ORIGIN_IDLE) {
		solo_close(o);
		return n;
	}
	if (s->reads < SOLO_READS_SMALL && ++s->reads == SOLO_READS_SMALL)
		io->read_max = IO_SCRATCH_BYTES;
	used = codec_input(&s->codec.base, p, n);
	if (o->state == ORIGIN_CLOSED)
		return n;
	io->passes = io->readable && io->tls == NULL &&
	    h1_passes_in(&s->codec) >= H1_PASS_BYTES;
	if (o->call != NULL)
		o->events->burst(o->call);
	else if (used < n && o->state == ORIGIN_IDLE)
		solo_close(o); /* bytes behind the answer */
	return used;
}

static struct io_pass
solo_passes(struct io *io)
{
	const struct solo *s = solo_of_io(io);
	const struct origin *o = &s->origin;

	if (o->call == NULL)
		return IO_PASS_NONE;
	return io_pass_at_most(
	    o->events->passes(o->call), h1_passes_in(&s->codec));
}

static void
solo_passed(struct io *io, size_t n)
{
	struct solo *s = solo_of_io(io);
	struct origin *o = &s->origin;

	o->events->passed(o->call, n);
	h1_passed_in(&s->codec, n);
	if (o->call != NULL)
		o->events->burst(o->call);
}

/* Over TLS, an end that the peer did not sign may be anybody's. */
static void
solo_eof(struct io *io)
{
	struct solo *s = solo_of_io(io);
	struct origin *o = &s->origin;

	if (o->state == ORIGIN_IDLE) {
		solo_close(o);
		return;
	}
	if (!io->cut)
		codec_eof(&s->codec.base);
	if (o->state == ORIGIN_BUSY && (io->cut || !h1_switched(&s->codec)))
		solo_fail(o, WHY_UPSTREAM_CLOSED, 0);
	else if (o->state == ORIGIN_IDLE)
		solo_close(o);
}

static void
solo_stalled(struct io *io)
{
	struct origin *o = &solo_of_io(io)->origin;

	if (o->call != NULL)
		o->events->stalled(o->call);
}

static void
solo_drained(struct io *io)
{
	struct origin *o = &solo_of_io(io)->origin;

	if (o->call != NULL)
		o->events->drained(o->call);
}

static void
solo_connected(struct io *io)
{
	struct solo *s = solo_of_io(io);

	(void)wire_connected(&s->wire, SLICE_NONE);
	solo_set_state(s, ORIGIN_BUSY);
	s->origin.events->connected(s->origin.call);
}

static void
solo_failed(struct io *io, int error)
{
	struct solo *s = solo_of_io(io);
	bool connecting = s->origin.state == ORIGIN_CONNECTING;

	solo_fail(&s->origin, wire_failed(&s->wire, connecting, error), error);
}

static const struct io_events solo_io_events = {
	.input = solo_input,
	.eof = solo_eof,
	.drained = solo_drained,
	.stalled = solo_stalled,
	.connected = solo_connected,
	.failed = solo_failed,
	.passes = solo_passes,
	.passed = solo_passed,
};

static void
solo_expired(struct timer *t)
{
	struct origin *o = CONTAINER_OF(t, struct origin, timer);

	if (o->state == ORIGIN_IDLE)
		solo_close(o);
	else
		o->events->expired(o->call);
}

/* NULL with errno. */
static struct solo *
solo_connect(struct env *e, const struct origin_want *want)
{
	struct solo *s = pool_take(&e->opool->solos);

	if (s == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	if (!wire_open(&s->wire, e, want, &solo_io_events)) {
		int saved = errno;

		pool_give(&e->opool->solos, s);
		errno = saved;
		return NULL;
	}
	s->origin = (struct origin){ .env = e,
		.io = &s->wire.io,
		.stream = &s->codec.stream,
		.handle = want->handle };
	solo_set_state(
	    s, wire_connects(&s->wire) ? ORIGIN_CONNECTING : ORIGIN_BUSY);
	s->limits = (struct codec_limits){ .head_bytes = want->head_bytes,
		.fields = WIRE_FIELDS_MAX };
	h1_init(&s->codec, CODEC_CLIENT, &solo_codec_events, &s->limits,
	    &s->wire.io.out);
	timer_init(&s->origin.timer, solo_expired);
	loop_task_init(&s->free_task, solo_free);
	list_init(&s->link);
	return s;
}

static void
solo_reuse(struct solo *s, uint32_t max_connections)
{
	struct origin *o = &s->origin;

	solo_set_state(s, ORIGIN_BUSY);
	o->sent_all = false;
	o->idled = true;
	timer_cancel(&o->timer);
	s->wire.bounded = max_connections != 0;
	env_count(o->env, COUNTER_UPSTREAM_REUSES, 1);
}

struct origin *
solo_take(struct env *e, struct call *c, const struct origin_events *events,
    const struct origin_want *want)
{
	struct solo *s = NULL;

	if (!want->fresh)
		s = opool_take(e->opool, want);
	if (s != NULL)
		solo_reuse(s, want->max_connections);
	else
		s = solo_connect(e, want);
	if (s == NULL)
		return NULL;
	s->origin.call = c;
	s->origin.events = events;
	s->idle_us = want->idle_us;
	s->max_idle = want->max_idle;
	return &s->origin;
}

/*
 * Nothing is left of the exchange, and nothing came behind the answer: what did
 * would be taken for the next one.
 */
static bool
solo_is_clean(struct solo *s)
{
	struct io *io = &s->wire.io;

	return !h1_must_close(&s->codec) && h1_idle(&s->codec) &&
	    io_unsent(io) == 0 && !io_has_more(io);
}

void
solo_release(struct origin *o)
{
	struct solo *s = solo_of(o);

	o->call = NULL;
	wire_count_bytes(&s->wire);
	if (o->env->draining || !solo_is_clean(s) ||
	    !opool_put(o->env->opool, s)) {
		solo_close(o);
		return;
	}
	solo_set_state(s, ORIGIN_IDLE);
	origin_deadline(o, s->idle_us);
}
