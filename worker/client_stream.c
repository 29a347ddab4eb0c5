/*
 * client_stream.c - the requests on a connection of HTTP/2: each has a bounded
 * part of what waits to be sent.
 */
#include "common/base/must.h"
#include "worker/client_state.h"
#include "worker/flow/admit.h"
#include "worker/flow/shed.h"

/*
 * An answer may go on while less than this waits in its stream, and while less
 * than that waits in all streams of the connection.
 */
#define STREAM_QUEUE_BYTES 16384u
#define STREAMS_QUEUE_BYTES 262144u

static const struct req_owner client_stream_owner;

static struct client_stream *
stream_of(const struct req *q)
{
	return q->stream->held;
}

void
client_stream_stir(struct client_stream *cs)
{
	if (list_empty(&cs->stirred_link))
		list_push_back(&cs->on->stirred, &cs->stirred_link);
	client_h2_stir(cs->on);
}

size_t
client_stream_count(struct client_stream *cs)
{
	size_t n = stream_queued(cs->stream);

	cs->on->queued += n - cs->queued;
	cs->queued = n;
	return n;
}

/* ---- what a request asks of its connection ---- */

static void
client_stream_flush(struct req *q)
{
	struct client_stream *cs = stream_of(q);

	(void)client_stream_count(cs);
	client_stream_stir(cs);
}

static void
client_stream_pause(struct req *q, bool paused)
{
	struct client_stream *cs = stream_of(q);

	cs->paused = paused;
	stream_pause(cs->stream, paused);
	client_stream_stir(cs);
}

/* Of an empty queue no room will be told. */
static size_t
client_stream_queued(struct req *q)
{
	struct client_stream *cs = stream_of(q);
	size_t n = client_stream_count(cs);

	return n >= STREAM_QUEUE_BYTES || cs->on->queued >= STREAMS_QUEUE_BYTES
	    ? n
	    : 0;
}

static void
client_stream_switched(struct req *q)
{
	struct client_stream *cs = stream_of(q);

	cs->tunnel = true;
	client_stream_stir(cs);
}

static void
client_stream_shut(struct req *q)
{
	client_stream_stir(stream_of(q));
}

/* Nobody takes what is still queued. */
static bool
stream_is_lost(enum why why)
{
	return why == WHY_CLIENT_CLOSED || why == WHY_SEND_TIMEOUT ||
	    why == WHY_SLOW_READER;
}

static enum h2_release
stream_cut_how(enum why why)
{
	enum why_fault fault = why_table[why].fault;

	return fault == FAULT_UPSTREAM || fault == FAULT_GATEWAY ? H2_FAILED
								 : H2_CANCEL;
}

/* The stream is let go in the turn in which its queue is empty. */
static void
client_stream_ended(struct req *q, bool cut)
{
	struct client_stream *cs = stream_of(q);
	enum why why = (enum why)q->why;

	/* Those that are under way are done first. */
	if (q->denied || shed_closes(q))
		h2_goaway(cs->on->codec, false);
	cs->req = NULL;
	cs->bytes_out = q->bytes_out;
	cs->send_us = q->plan.send_us;
	if (cut) {
		cs->how = (uint8_t)stream_cut_how(why);
		cs->lost = cs->lost || stream_is_lost(why);
	}
	client_stream_stir(cs);
}

static const struct req_owner client_stream_owner = {
	.flush = client_stream_flush,
	.pause = client_stream_pause,
	.queued = client_stream_queued,
	.switched = client_stream_switched,
	.shut = client_stream_shut,
	.ended = client_stream_ended,
};

/* ---- what the codec reads ---- */

static struct client_stream *
stream_new(struct client_h2 *on, struct stream *s)
{
	struct clients *all = on->client->all;
	struct client_stream *cs = pool_take(&all->streams);

	if (cs == NULL)
		return NULL;
	*cs = (struct client_stream){ .on = on,
		.stream = s,
		.until = MONO_NEVER,
		.send_us = client_timeouts(on->client)->send,
		.how = H2_DONE };
	timer_init(&cs->timer, client_stream_expired);
	list_push_back(&on->streams, &cs->link);
	list_init(&cs->fed_link);
	list_init(&cs->stirred_link);
	s->held = cs;
	client_stream_stir(cs);
	return cs;
}

static void
stream_refuse(struct client_stream *cs, enum why why, const struct head *h)
{
	client_refuse_stream(cs->on->client, cs->stream, why, h);
	/* RFC 9113 8.1.1: an answer may come before the reset. */
	if (why == WHY_BAD_REQUEST)
		cs->how = H2_BROKEN;
}

static void
client_stream_head(struct stream *s, const struct head *h)
{
	struct client_h2 *on = h2_user(h2_of(s));
	struct client *c = on->client;
	struct client_stream *cs = stream_new(on, s);

	env_count(c->all->env, COUNTER_H2_STREAMS, 1);
	if (++c->requests == c->all->requests_max)
		h2_goaway(on->codec, false);
	if (cs == NULL) {
		client_record(c, WHY_OVERLOADED);
		h2_release(s, H2_FAILED);
		return;
	}
	admit_again(c->all->env, &c->via);
	cs->req = req_new(c->all->env, s, &client_stream_owner, h, &c->via);
	if (cs->req == NULL) {
		stream_refuse(cs, WHY_OVERLOADED, h);
		return;
	}
	cs->req->tls = c->io.tls;
	list_push_back(&on->fed, &cs->fed_link);
	req_begin(cs->req);
}

/* NULL: the request has ended, and nobody wants it. */
static struct req *
stream_feed(struct stream *s)
{
	struct client_stream *cs = s->held;

	if (cs->req == NULL)
		return NULL;
	if (list_empty(&cs->fed_link))
		list_push_back(&cs->on->fed, &cs->fed_link);
	client_stream_stir(cs);
	return cs->req;
}

static void
client_stream_data(struct stream *s, struct slice bytes)
{
	struct req *q = stream_feed(s);

	if (q != NULL)
		req_data(q, bytes);
}

static void
client_stream_end(struct stream *s, const struct head *trailers)
{
	struct req *q = stream_feed(s);

	if (q != NULL)
		req_body_end(q, trailers);
}

/* The body is wrong, or the client wants no answer any more. */
static void
stream_failed(struct client_stream *cs, enum codec_error e)
{
	struct req *q = cs->req;

	if (cs->lost) {
		req_end(q, WHY_CLIENT_CLOSED, true);
	} else {
		cs->how = H2_BROKEN;
		req_fail(q,
		    why_of_codec(e) == WHY_HEAD_TOO_LARGE ? WHY_HEAD_TOO_LARGE
							  : WHY_BAD_BODY);
	}
}

static void
client_stream_error(struct stream *s, enum codec_error e)
{
	struct client_h2 *on = h2_user(h2_of(s));
	struct client_stream *cs = s->held;
	bool lost = e == CODEC_RESET || e == CODEC_REFUSED;

	/* Unless all of them are lost at once. */
	if (lost && h2_fault(on->codec) == H2_FINE)
		env_count(on->client->all->env, COUNTER_H2_RESETS, 1);
	if (cs == NULL) {
		cs = stream_new(on, s);
		if (cs == NULL)
			h2_release(s, H2_FAILED);
		else
			stream_refuse(cs, why_of_codec(e), s->codec->broken);
		return;
	}
	cs->lost = cs->lost || lost;
	if (cs->req != NULL)
		stream_failed(cs, e);
	client_stream_stir(cs);
}

static void
client_stream_room(struct stream *s)
{
	struct client_stream *cs = s->held;

	(void)client_stream_count(cs);
	if (cs->req != NULL)
		req_room(cs->req);
	client_stream_stir(cs);
}

const struct codec_events client_stream_events = {
	.head = client_stream_head,
	.data = client_stream_data,
	.end = client_stream_end,
	.error = client_stream_error,
	.room = client_stream_room,
};

/* ---- all of them ---- */

void
client_streams_fed(struct client_h2 *on)
{
	while (!list_empty(&on->fed)) {
		struct client_stream *cs =
		    CONTAINER_OF(on->fed.next, struct client_stream, fed_link);

		list_remove(&cs->fed_link);
		if (cs->req != NULL)
			req_flush_up(cs->req);
	}
}

static void
stream_forget(struct client_stream *cs)
{
	struct client_h2 *on = cs->on;

	MUST(cs->req == NULL);
	list_remove(&cs->link);
	list_remove(&cs->fed_link);
	list_remove(&cs->stirred_link);
	timer_fini(&cs->on->client->io.loop->timers, &cs->timer);
	on->queued -= cs->queued;
	cs->stream->held = NULL;
	pool_give(&on->client->all->streams, cs);
}

static void
stream_let_go(struct client_stream *cs)
{
	enum h2_release how = (enum h2_release)cs->how;
	struct stream *s = cs->stream;

	stream_forget(cs);
	h2_release(s, how);
}

bool
client_streams_look(struct client_h2 *on)
{
	bool some = false;

	while (!list_empty(&on->stirred)) {
		struct client_stream *cs = CONTAINER_OF(
		    on->stirred.next, struct client_stream, stirred_link);

		list_remove(&cs->stirred_link);
		if (cs->req != NULL ||
		    (client_stream_count(cs) != 0 && !cs->lost)) {
			client_stream_arm(cs);
		} else {
			stream_let_go(cs);
			some = true;
		}
	}
	return some;
}

void
client_streams_drop(struct client_h2 *on)
{
	while (!list_empty(&on->streams))
		stream_forget(
		    CONTAINER_OF(on->streams.next, struct client_stream, link));
}
