/*
 * client_stream_wait.c - for whom a stream waits, and for how long. Each has
 * its own deadline, and its own rate while its client is to move bytes.
 */
#include "worker/client_state.h"

static struct io *
stream_io(const struct client_stream *cs)
{
	return &cs->on->client->io;
}

/* A client_moved_fn: bodies, and of answers what the client has let go out. */
static uint64_t
stream_moved(const void *of, enum client_way way)
{
	const struct client_stream *cs = of;
	const struct req *q = cs->req;

	if (way == CLIENT_WAY_IN)
		return q != NULL ? q->bytes_in : 0;
	return (q != NULL ? q->bytes_out : cs->bytes_out) - cs->queued;
}

/* Who is to move bytes, and within which time. */
static enum client_way
stream_way(const struct client_stream *cs, uint64_t *us)
{
	const struct req *q = cs->req;

	*us = q != NULL ? q->plan.send_us : cs->send_us;
	if (cs->queued != 0)
		return CLIENT_WAY_OUT;
	if (q == NULL || q->request_done || cs->paused || client_may_wait(q))
		return CLIENT_WAY_NONE;
	*us = q->plan.body_us;
	return CLIENT_WAY_IN;
}

/* What the socket does not take, the connection's own rate is about. */
static enum client_way
stream_rate_way(const struct client_stream *cs, enum client_way way)
{
	const struct req *q = cs->req;

	/* A client of gRPC sends when it has something to say. */
	if (cs->on->client->all->min_rate == 0 || cs->tunnel ||
	    (way == CLIENT_WAY_IN && q != NULL && q->grpc == GRPC_PLAIN) ||
	    (way == CLIENT_WAY_OUT && io_queued(stream_io(cs)) != 0))
		return CLIENT_WAY_NONE;
	return way;
}

static void
stream_set_timer(struct client_stream *cs)
{
	struct mono due = client_rate_due(&cs->rate);

	timer_set(&stream_io(cs)->loop->timers, &cs->timer,
	    due.us < cs->until.us ? due : cs->until);
}

/* Only bytes that were moved renew a deadline, and a new thing to wait for. */
void
client_stream_arm(struct client_stream *cs)
{
	uint64_t us, moved;
	enum client_way way;

	(void)client_stream_count(cs);
	way = stream_way(cs, &us);

	client_rate_wait(&cs->rate, stream_rate_way(cs, way), stream_moved, cs);
	moved = stream_moved(cs, way);
	if (way != (enum client_way)cs->way || moved != cs->mark) {
		cs->way = (uint8_t)way;
		cs->mark = moved;
		cs->sent_mark = stream_io(cs)->bytes_out;
		cs->until = way != CLIENT_WAY_NONE && us != 0
		    ? mono_add_us(clock_now(), us)
		    : MONO_NEVER;
	}
	stream_set_timer(cs);
}

/* It waits for its turn on a socket that is slow, but takes something. */
static bool
stream_is_behind(const struct client_stream *cs)
{
	const struct io *io = stream_io(cs);

	return cs->way == CLIENT_WAY_OUT && io_queued(io) != 0 &&
	    io->bytes_out != cs->sent_mark;
}

/* Its client does not do its part. */
static void
stream_give_up(struct client_stream *cs, enum why in, enum why out)
{
	struct req *q = cs->req;

	if (cs->way == CLIENT_WAY_IN) {
		req_fail(q, in);
	} else {
		/* Such a client is not served on and on. */
		h2_goaway(cs->on->codec, false);
		cs->how = H2_CANCEL;
		cs->lost = true;
		if (q != NULL)
			req_end(q, out, true);
	}
	client_stream_stir(cs);
}

void
client_stream_expired(struct timer *t)
{
	struct client_stream *cs = CONTAINER_OF(t, struct client_stream, timer);
	struct mono now = clock_now();

	/* Its request has ended in this turn: stirred, it is armed anew. */
	if (cs->req == NULL && cs->way == CLIENT_WAY_IN)
		return;
	if (client_rate_due(&cs->rate).us <= now.us &&
	    client_rate_is_slow(
		&cs->rate, cs->on->client->all->min_rate, stream_moved, cs)) {
		stream_give_up(cs, WHY_TOO_SLOW, WHY_SLOW_READER);
		return;
	}
	if (stream_is_behind(cs))
		cs->mark = UINT64_MAX;
	client_stream_arm(cs);
	if (cs->until.us <= now.us)
		stream_give_up(cs, WHY_BODY_TIMEOUT, WHY_SEND_TIMEOUT);
}
