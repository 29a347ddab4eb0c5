/*
 * origin.c - see origin.h.
 */
#include "worker/origin/origin.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/sock.h"
#include "worker/origin/opool.h"

#define ORIGIN_FIELDS_MAX 256u

static struct origin *
origin_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct origin, io);
}

static struct origin *
origin_of_stream(struct stream *s)
{
	return CONTAINER_OF(s, struct origin, codec.stream);
}

static void
origin_set_state(struct origin *o, enum origin_state to)
{
	MUST(o->state != ORIGIN_CLOSED);
	o->state = (uint8_t)to;
	/* What comes on an idle connection ends it: before a request of the
	 * same batch could take it for its answer. */
	o->io.watch.first = to == ORIGIN_IDLE;
}

static void
origin_count_bytes(struct origin *o)
{
	env_count(o->env, COUNTER_UPSTREAM_BYTES_IN, (int64_t)o->io.bytes_in);
	env_count(o->env, COUNTER_UPSTREAM_BYTES_OUT, (int64_t)o->io.bytes_out);
	o->io.bytes_in = 0;
	o->io.bytes_out = 0;
}

static void
origin_free(struct loop_task *t)
{
	struct origin *o = CONTAINER_OF(t, struct origin, free_task);

	pool_give(&o->env->opool->origins, o);
}

/*
 * The permit is dropped when the socket is closed, or another worker's would be
 * one too many; and before the connection leaves the rows (here that of the
 * idle, in its call that of the active), because an endpoint's slot may be
 * freed and reused as soon as they say zero.
 */
void
origin_close(struct origin *o)
{
	struct env *e = o->env;
	bool idle = o->state == ORIGIN_IDLE;

	origin_set_state(o, ORIGIN_CLOSED);
	o->call = NULL;
	origin_count_bytes(o);
	timer_fini(&e->loop->timers, &o->timer);
	io_close(&o->io, false);
	permit_drop(&e->permits, o->permit);
	if (idle)
		opool_remove(e->opool, o);
	loop_defer_free(e->loop, &o->free_task);
}

/* Ends the connection and tells its call, if there is one. */
static void
origin_fail(struct origin *o, enum why why, int error)
{
	struct call *c = o->call;

	origin_close(o);
	if (c != NULL)
		o->events->failed(c, why, error);
}

static void
origin_head(struct stream *s, const struct head *h)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->head(o->call, h);
}

static void
origin_data(struct stream *s, struct slice bytes)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->data(o->call, bytes);
}

static void
origin_end(struct stream *s, const struct head *trailers)
{
	struct origin *o = origin_of_stream(s);

	if (o->call != NULL)
		o->events->end(o->call, trailers);
}

static void
origin_error(struct stream *s, enum codec_error e)
{
	struct origin *o = origin_of_stream(s);

	if (o->state != ORIGIN_CLOSED)
		origin_fail(o,
		    e == CODEC_TRUNCATED ? WHY_UPSTREAM_CLOSED
					 : WHY_BAD_RESPONSE,
		    0);
}

static const struct codec_events origin_codec_events = {
	.head = origin_head,
	.data = origin_data,
	.end = origin_end,
	.error = origin_error,
};

static size_t
origin_input(struct io *io, const char *p, size_t n)
{
	struct origin *o = origin_of_io(io);
	size_t used;

	if (o->state == ORIGIN_IDLE) {
		origin_close(o);
		return n;
	}
	used = codec_input(&o->codec.base, p, n);
	if (o->state == ORIGIN_CLOSED)
		return n;
	if (o->call != NULL)
		o->events->burst(o->call);
	else if (used < n && o->state == ORIGIN_IDLE)
		origin_close(o); /* bytes behind the answer */
	return used;
}

static void
origin_eof(struct io *io)
{
	struct origin *o = origin_of_io(io);

	if (o->state == ORIGIN_IDLE) {
		origin_close(o);
		return;
	}
	codec_eof(&o->codec.base);
	if (o->state == ORIGIN_BUSY && !h1_switched(&o->codec))
		origin_fail(o, WHY_UPSTREAM_CLOSED, 0);
	else if (o->state == ORIGIN_IDLE)
		origin_close(o);
}

static void
origin_drained(struct io *io)
{
	struct origin *o = origin_of_io(io);

	if (o->call != NULL)
		o->events->drained(o->call);
}

static void
origin_connected(struct io *io)
{
	struct origin *o = origin_of_io(io);

	origin_set_state(o, ORIGIN_BUSY);
	o->events->connected(o->call);
}

static void
origin_failed(struct io *io, int error)
{
	struct origin *o = origin_of_io(io);

	origin_fail(o,
	    o->state == ORIGIN_CONNECTING ? WHY_CONNECT_FAILED
					  : WHY_UPSTREAM_CLOSED,
	    error);
}

static const struct io_events origin_io_events = {
	.input = origin_input,
	.eof = origin_eof,
	.drained = origin_drained,
	.connected = origin_connected,
	.failed = origin_failed,
};

static void
origin_expired(struct timer *t)
{
	struct origin *o = CONTAINER_OF(t, struct origin, timer);

	if (o->state == ORIGIN_IDLE)
		origin_close(o);
	else
		o->events->expired(o->call);
}

/* False with errno, and nothing is open. */
static bool
origin_open(struct origin *o, const struct addr *a)
{
	bool done;
	int fd = sock_connect(a, &done);
	int saved;

	if (fd >= 0 &&
	    io_open(&o->io, o->env->loop, fd, !done, &origin_io_events)) {
		origin_set_state(o, done ? ORIGIN_BUSY : ORIGIN_CONNECTING);
		return true;
	}
	saved = errno;
	if (fd >= 0)
		close(fd);
	errno = saved;
	return false;
}

/* False with errno. */
static bool
origin_take_permit(struct origin *o, uint32_t max)
{
	o->bounded = max != 0;
	o->permit = permit_take(&o->env->permits, o->handle.index, max);
	if (o->permit == PERMIT_NONE)
		errno = o->bounded ? EUSERS : ENOBUFS;
	return o->permit != PERMIT_NONE;
}

struct origin *
origin_connect(struct env *e, struct call *c,
    const struct origin_events *events, const struct origin_want *want)
{
	struct origin *o = pool_take(&e->opool->origins);
	bool permitted;

	if (o == NULL) {
		errno = ENOMEM;
		return NULL;
	}
	*o = (struct origin){
		.env = e, .events = events, .call = c, .handle = want->handle
	};
	permitted = origin_take_permit(o, want->max_connections);
	if (!permitted || !origin_open(o, &want->addr)) {
		int saved = errno;

		if (permitted)
			permit_drop(&e->permits, o->permit);
		pool_give(&e->opool->origins, o);
		errno = saved;
		return NULL;
	}
	o->limits = (struct codec_limits){ .head_bytes = want->head_bytes,
		.fields = ORIGIN_FIELDS_MAX };
	h1_init(&o->codec, CODEC_CLIENT, &origin_codec_events, &o->limits,
	    &o->io.out);
	timer_init(&o->timer, origin_expired);
	loop_task_init(&o->free_task, origin_free);
	list_init(&o->pool_link);
	env_count(e, COUNTER_UPSTREAM_CONNECTS, 1);
	return o;
}

void
origin_reuse(struct origin *o, struct call *c)
{
	origin_set_state(o, ORIGIN_BUSY);
	o->call = c;
	timer_cancel(&o->timer);
}

void
origin_deadline(struct origin *o, uint64_t us)
{
	if (us == 0)
		timer_cancel(&o->timer);
	else
		timer_set(&o->env->loop->timers, &o->timer,
		    mono_add_us(clock_now(), us));
}

void
origin_release(struct origin *o, uint64_t idle_us, uint32_t max_idle)
{
	o->call = NULL;
	o->served++;
	origin_count_bytes(o);
	if (h1_must_close(&o->codec) || !h1_idle(&o->codec) ||
	    o->io.out.bytes != 0 || o->io.saw_eof || o->env->draining ||
	    !opool_put(o->env->opool, o, max_idle)) {
		origin_close(o);
		return;
	}
	origin_set_state(o, ORIGIN_IDLE);
	origin_deadline(o, idle_us);
}
