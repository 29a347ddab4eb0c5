/*
 * client_h2.c - see client_h2.h: the connection.
 */
#include "common/base/must.h"
#include "worker/client_state.h"
#include "worker/watch/offences.h"

static struct client_stream *
stream_at(struct list *at)
{
	return CONTAINER_OF(at, struct client_stream, link);
}

/* ---- once per turn ---- */

/* Frames out, as long as the socket takes them. */
static void
client_h2_push(struct client_h2 *on)
{
	struct io *io = &on->client->io;
	bool more;

	do {
		more = !h2_pull(on->codec);
	} while (io_flush(io) && more);
}

/* What the socket moved since the last time goes into the counters. */
static void
client_h2_count(struct client_h2 *on)
{
	const struct io *io = &on->client->io;
	struct env *e = on->client->all->env;

	env_count(
	    e, COUNTER_BYTES_IN, (int64_t)(io->bytes_in - on->counted_in));
	env_count(
	    e, COUNTER_BYTES_OUT, (int64_t)(io->bytes_out - on->counted_out));
	on->counted_in = io->bytes_in;
	on->counted_out = io->bytes_out;
}

static enum client_h2_wait
client_h2_waits(const struct client_h2 *on)
{
	const struct client *c = on->client;

	if (h2_in_head(on->codec))
		return CLIENT_H2_HEAD;
	if (!list_empty(&on->streams))
		return CLIENT_H2_STREAMS;
	if (io_queued(&c->io) != 0)
		return CLIENT_H2_SEND;
	if (h2_leaving(on->codec))
		return CLIENT_H2_LEAVING;
	return c->requests != 0 ? CLIENT_H2_IDLE : CLIENT_H2_FIRST;
}

/* A deadline begins with what it is about, and only progress renews it. */
static void
client_h2_arm(struct client_h2 *on)
{
	struct client *c = on->client;
	const struct img_timeouts *t = client_timeouts(c);
	enum client_h2_wait wait = client_h2_waits(on);
	bool same = wait == on->wait;
	bool first = on->wait == CLIENT_H2_FIRST;

	on->wait = (uint8_t)wait;
	switch (wait) {
	case CLIENT_H2_FIRST:
		break;
	case CLIENT_H2_HEAD:
		/* The first one keeps its deadline: it runs from accept. */
		if (!same && !first)
			client_deadline(c, t->head);
		break;
	case CLIENT_H2_STREAMS:
		client_deadline(c, 0);
		break;
	case CLIENT_H2_SEND:
		client_deadline_send(c, t->send);
		break;
	case CLIENT_H2_IDLE:
		if (!same)
			client_deadline(c, t->idle);
		break;
	case CLIENT_H2_LEAVING:
		if (!same)
			client_deadline(c, CLIENT_FRESH_US);
		break;
	}
}

static enum client_state
client_h2_state(const struct client_h2 *on)
{
	if (!list_empty(&on->streams))
		return CLIENT_BUSY;
	return on->client->requests != 0 ? CLIENT_IDLE : CLIENT_FRESH;
}

static void
client_h2_fault(struct client *c)
{
	struct h2 *h = c->h2->codec;
	struct env *e = c->all->env;
	enum why why = WHY_OVERLOADED;

	if (h2_fault(h) == H2_FLOOD) {
		why = WHY_H2_FLOOD;
		env_count(e, COUNTER_H2_FLOODS, 1);
		clients_note(
		    c->all, CLIENTS_FLOOD, &c->via.peer, h2_fault_text(h));
	} else if (h2_fault(h) == H2_PROTOCOL) {
		why = WHY_H2_PROTOCOL;
		env_count(e, COUNTER_H2_FAULTS, 1);
		clients_note(
		    c->all, CLIENTS_H2, &c->via.peer, h2_fault_text(h));
	}
	offences_of_peer(e, &c->via.peer, why);
	client_record(c, why);
	client_h2_abort(c, WHY_CLIENT_CLOSED);
	client_finish(c, true);
}

static void
client_h2_turn(struct loop_task *t)
{
	struct client_h2 *on = CONTAINER_OF(t, struct client_h2, task);
	struct client *c = on->client;

	if (h2_wants_deliver(on->codec)) {
		h2_deliver(on->codec);
		client_streams_fed(on);
	}
	client_h2_push(on);
	if (client_streams_look(on))
		client_h2_push(on);
	client_h2_count(on);
	if (h2_fault(on->codec) != H2_FINE) {
		client_h2_fault(c);
	} else if (h2_over(on->codec) && io_queued(&c->io) == 0) {
		client_finish(c, false);
	} else {
		client_set_state(c, client_h2_state(on));
		client_h2_arm(on);
	}
}

void
client_h2_stir(struct client_h2 *on)
{
	loop_defer(on->client->io.loop, &on->task);
}

/* ---- what the socket does ---- */

bool
client_h2_begin(struct client *c)
{
	struct clients *cs = c->all;
	struct client_h2 *on = pool_take(&cs->h2s);

	if (on == NULL)
		return false;
	*on = (struct client_h2){ .client = c, .limits = cs->h2_limits };
	list_init(&on->streams);
	list_init(&on->fed);
	list_init(&on->stirred);
	loop_task_init(&on->task, client_h2_turn);
	on->codec = h2_new(CODEC_SERVER, &client_stream_events, &cs->limits,
	    &on->limits, &c->io.out, on);
	if (on->codec == NULL) {
		pool_give(&cs->h2s, on);
		return false;
	}
	c->h2 = on;
	c->io.read_max = IO_SCRATCH_BYTES;
	env_count(cs->env, COUNTER_H2_CONNECTIONS, 1);
	if (cs->env->draining)
		h2_goaway(on->codec, false);
	return true;
}

size_t
client_h2_input(struct client *c, const char *p, size_t n)
{
	struct client_h2 *on = c->h2;
	size_t used = codec_input(h2_codec(on->codec), p, n);

	client_streams_fed(on);
	if (h2_fault(on->codec) != H2_FINE) {
		client_h2_fault(c);
		return n;
	}
	client_h2_stir(on);
	return used;
}

/* Without its side no window opens any more, and nothing is acknowledged. */
void
client_h2_eof(struct client *c)
{
	client_h2_abort(c, WHY_CLIENT_CLOSED);
	client_close(c, false);
}

void
client_h2_expired(struct client *c)
{
	struct env *e = c->all->env;

	/* Streams have begun since the last look: it is not over. */
	if (c->h2->wait != CLIENT_H2_HEAD && !list_empty(&c->h2->streams)) {
		client_deadline(c, CLIENT_FRESH_US);
		client_h2_stir(c->h2);
		return;
	}
	switch ((enum client_h2_wait)c->h2->wait) {
	case CLIENT_H2_HEAD:
		/* Nothing else can be read before it ends. */
		offences_of_peer(e, &c->via.peer, WHY_HEAD_TIMEOUT);
		client_record(c, WHY_HEAD_TIMEOUT);
		client_h2_abort(c, WHY_HEAD_TIMEOUT);
		client_finish(c, true);
		break;
	case CLIENT_H2_SEND:
		client_close(c, false);
		break;
	case CLIENT_H2_FIRST:
	case CLIENT_H2_STREAMS:
	case CLIENT_H2_IDLE:
	case CLIENT_H2_LEAVING:
		client_finish(c, false);
		break;
	}
}

/* ---- the end ---- */

bool
client_h2_quiet(const struct client_h2 *on)
{
	return list_empty(&on->streams) && h2_streams(on->codec) == 0 &&
	    !h2_in_head(on->codec) && !h2_wants_pull(on->codec);
}

void
client_h2_abort(struct client *c, enum why why)
{
	struct list *all = &c->h2->streams;

	for (struct list *at = all->next; at != all; at = at->next)
		if (stream_at(at)->req != NULL)
			req_end(stream_at(at)->req, why, true);
}

void
client_h2_leave(struct client *c)
{
	h2_goaway(c->h2->codec, false);
	if (c->requests == 0)
		client_deadline(c, CLIENT_FRESH_US);
	client_h2_stir(c->h2);
}

bool
client_h2_last_words(struct client *c)
{
	struct list *all = &c->h2->streams;
	bool some = false;

	for (struct list *at = all->next; at != all; at = at->next) {
		struct req *q = stream_at(at)->req;

		if (q == NULL)
			continue;
		if (req_leave(q, WHY_STOPPING))
			some = true;
		else
			client_stop_req(q);
	}
	client_h2_stir(c->h2);
	return some;
}

void
client_h2_stop(struct client *c)
{
	struct list *all = &c->h2->streams;

	for (struct list *at = all->next; at != all; at = at->next)
		if (stream_at(at)->req != NULL)
			client_stop_req(stream_at(at)->req);
	h2_goaway(c->h2->codec, true);
	client_h2_push(c->h2);
}

void
client_h2_end(struct client *c)
{
	h2_goaway(c->h2->codec, true);
	(void)h2_pull(c->h2->codec);
	client_h2_free(c);
}

void
client_h2_free(struct client *c)
{
	struct client_h2 *on = c->h2;

	client_h2_count(on);
	/* All that follows is counted as that of a connection without it. */
	c->io.bytes_in = c->io.bytes_out = 0;
	client_rate_forget(&c->work->rate);
	client_streams_drop(on);
	loop_task_cancel(&on->task);
	h2_free(on->codec);
	c->h2 = NULL;
	pool_give(&c->all->h2s, on);
	env_count(c->all->env, COUNTER_H2_CONNECTIONS, -1);
}
