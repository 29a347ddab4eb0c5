/*
 * client.c - see client.h. Deadlines are told apart by state; the timer is
 * lazy, so renewing one is a store.
 */
#include "worker/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/base/must.h"
#include "worker/flow/reply.h"

#define CLIENT_LINGER_US 2000000u
#define CLIENT_FRESH_US 1000000u /* for a first request, when stopping */
#define CLIENT_ROOM_LOOKS 256    /* when places lack: looked at, and */
#define CLIENT_ROOM_MAX 8        /* closed, at most */
/* Bytes of one recv: what lies behind a head may have to be kept. */
#define CLIENT_READ_HEAD 16384u

static const struct req_owner client_owner;

static struct client *
client_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct client, io);
}

static struct client *
client_of_stream(struct stream *s)
{
	return CONTAINER_OF(s, struct client, codec.stream);
}

static void
client_set_state(struct client *c, enum client_state to)
{
	MUST(c->state != CLIENT_CLOSED);
	c->state = (uint8_t)to;
}

static void
client_deadline(struct client *c, uint64_t us)
{
	c->sent_mark = UINT64_MAX;
	if (us == 0)
		timer_cancel(&c->timer);
	else
		timer_set(&c->all->env->loop->timers, &c->timer,
		    mono_add_us(clock_now(), us));
}

/* The timeouts for what no route decides. */
static const struct img_timeouts *
client_timeouts(const struct client *c)
{
	static const struct img_timeouts none = {
		.head = 10000000, .send = 30000000, .idle = 75000000
	};
	const struct img_head *img = c->all->env->view.image;

	return img != NULL ? &img->timeouts : &none;
}

/* For the client to take what is queued; only progress renews it. */
static void
client_deadline_send(struct client *c, uint64_t us)
{
	if (c->sent_mark == c->io.bytes_out)
		return;
	client_deadline(c, us);
	c->sent_mark = c->io.bytes_out;
}

/* While a request is on the connection: who is being waited for? */
static void
client_arm_busy(struct client *c)
{
	const struct req *q = c->req;

	if (c->io.out.bytes != 0)
		client_deadline_send(c, q->plan.send_us);
	else if (!q->request_done && !c->io.paused)
		client_deadline(c, q->plan.body_us);
	else
		client_deadline(c, 0);
}

static void
client_free(struct loop_task *t)
{
	struct client *c = CONTAINER_OF(t, struct client, free_task);
	struct clients *cs = c->all;

	pool_give(&cs->pool, c);
	cs->count--;
	if (cs->freed != NULL)
		cs->freed(cs);
}

static void
client_count_bytes(struct client *c)
{
	struct env *e = c->all->env;

	env_count(e, COUNTER_BYTES_IN, (int64_t)c->io.bytes_in);
	env_count(e, COUNTER_BYTES_OUT, (int64_t)c->io.bytes_out);
	c->io.bytes_in = 0;
	c->io.bytes_out = 0;
}

static void
client_close(struct client *c, bool reset)
{
	struct env *e = c->all->env;

	MUST(c->req == NULL);
	client_set_state(c, CLIENT_CLOSED);
	h1_stop(&c->codec);
	client_count_bytes(c);
	timer_fini(&e->loop->timers, &c->timer);
	io_close(&c->io, reset);
	list_remove(&c->link);
	env_count(e, COUNTER_CONNECTIONS, -1);
	loop_defer_free(e->loop, &c->free_task);
}

/*
 * The last answer was written. Closing a socket that still receives would
 * reset it and could take the answer away from the client (RFC 9112 9.6), so
 * unless everything was read, the sending side is closed first.
 */
static void
client_finish(struct client *c, bool unread)
{
	bool taken = io_flush(&c->io);

	h1_stop(&c->codec);
	c->linger = !c->io.saw_eof &&
	    (unread || c->io.readable || io_stashed(&c->io) != 0);
	if (taken && !c->linger) {
		client_close(c, false);
		return;
	}
	client_set_state(c, CLIENT_CLOSING);
	io_shutdown(&c->io);
	c->io.paused = false;
	io_resume(&c->io);
	if (taken)
		client_deadline(c, CLIENT_LINGER_US);
	else
		client_deadline_send(c, client_timeouts(c)->send);
}

/* ---- what the request asks of its connection ---- */

static void
client_req_flush(struct req *q)
{
	struct client *c = client_of_stream(q->stream);

	io_flush(&c->io);
	client_arm_busy(c);
}

static void
client_req_pause(struct req *q, bool paused)
{
	struct client *c = client_of_stream(q->stream);

	stream_pause(&c->codec.stream, paused);
	io_pause(&c->io, paused);
	client_arm_busy(c);
}

static size_t
client_req_queued(struct req *q)
{
	return client_of_stream(q->stream)->io.out.bytes;
}

/* Idle, its answers taken, and nothing of a next request has arrived. */
static bool
client_quiet(const struct client *c)
{
	char byte;

	return c->state == CLIENT_IDLE && c->io.out.bytes == 0 &&
	    io_stashed(&c->io) == 0 &&
	    recv(c->io.watch.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

/* No next request will come, or be taken. */
static bool
client_spent(const struct client *c)
{
	return c->io.saw_eof || (c->all->env->draining && client_quiet(c));
}

/* Ready for the next request, which waits until this answer was taken. */
static void
client_next(struct client *c)
{
	bool taken = io_flush(&c->io);

	client_set_state(c, CLIENT_IDLE);
	stream_pause(&c->codec.stream, !taken);
	io_pause(&c->io, !taken);
	if (!taken) {
		client_deadline_send(c, client_timeouts(c)->send);
		return;
	}
	client_deadline(c, client_timeouts(c)->idle);
	if (io_stashed(&c->io) != 0)
		io_resume(&c->io);
	else if (!c->io.in_input && client_spent(c))
		client_finish(c, false);
}

/*
 * An answer was cut: end at once, when nobody takes its bytes or only a reset
 * tells that some are missing? Else those before it are still delivered.
 */
static bool
client_is_lost(const struct client *c, enum why why)
{
	return why == WHY_CLIENT_CLOSED || why == WHY_SEND_TIMEOUT ||
	    c->codec.writing == H1_WRITE_EOF;
}

static void
client_req_ended(struct req *q, bool cut)
{
	struct client *c = client_of_stream(q->stream);

	c->req = NULL;
	client_count_bytes(c);
	if (cut && client_is_lost(c, (enum why)q->why)) {
		io_flush(&c->io);
		client_close(c, c->codec.writing == H1_WRITE_EOF);
	} else if (cut || h1_must_close(&c->codec) || !h1_idle(&c->codec)) {
		client_finish(c, !q->request_done && q->head.body != BODY_NONE);
	} else {
		client_next(c);
	}
}

static const struct req_owner client_owner = {
	.flush = client_req_flush,
	.pause = client_req_pause,
	.queued = client_req_queued,
	.ended = client_req_ended,
};

/* ---- what the codec reads ---- */

/* An answer without a request: its head could not be read. */
static void
client_refuse(struct client *c, enum why why)
{
	struct env *e = c->all->env;
	char id[ENV_ID_BYTES];

	env_make_id(e, id);
	counters_why(e->region, e->slot, why);
	reply_bare(&c->codec.stream, why, slice_make(id, sizeof(id)));
	client_finish(c, true);
}

static void
client_head(struct stream *s, const struct head *h)
{
	struct client *c = client_of_stream(s);
	struct env *e = c->all->env;

	client_set_state(c, CLIENT_BUSY);
	c->req = req_new(e, s, &client_owner, h, &c->addr);
	if (c->req == NULL) {
		client_refuse(c, WHY_OVERLOADED);
		return;
	}
	client_deadline(c, 0);
	c->io.read_max =
	    h->body == BODY_NONE ? CLIENT_READ_HEAD : IO_SCRATCH_BYTES;
	req_begin(c->req);
}

static void
client_data(struct stream *s, struct slice bytes)
{
	struct client *c = client_of_stream(s);

	if (c->req != NULL)
		req_data(c->req, bytes);
}

static void
client_end(struct stream *s, const struct head *trailers)
{
	struct client *c = client_of_stream(s);

	if (c->req != NULL)
		req_body_end(c->req, trailers);
}

static enum why
client_why(enum codec_error e)
{
	switch (e) {
	case CODEC_BAD_VERSION:
	case CODEC_H2_PREFACE:
		return WHY_BAD_VERSION;
	case CODEC_BAD_EXPECT:
		return WHY_BAD_EXPECT;
	case CODEC_HEAD_TOO_LARGE:
	case CODEC_TOO_MANY_FIELDS:
	case CODEC_TRAILERS_TOO_LARGE:
		return WHY_HEAD_TOO_LARGE;
	case CODEC_URI_TOO_LONG:
		return WHY_URI_TOO_LONG;
	case CODEC_OK:
	case CODEC_BAD_START_LINE:
	case CODEC_BAD_METHOD:
	case CODEC_BAD_TARGET:
	case CODEC_BAD_FIELD:
	case CODEC_BAD_LINE_END:
	case CODEC_OBS_FOLD:
	case CODEC_BAD_HOST:
	case CODEC_BAD_LENGTH:
	case CODEC_BAD_CODING:
	case CODEC_LENGTH_AND_CODING:
	case CODEC_BAD_CHUNK:
	case CODEC_BAD_STATUS:
	case CODEC_TRUNCATED:
	case CODEC_UNEXPECTED:
		break;
	}
	return WHY_BAD_REQUEST;
}

static void
client_body_error(struct client *c, enum codec_error e)
{
	struct req *q = c->req;

	if (e == CODEC_TRUNCATED) {
		req_end(q, WHY_CLIENT_CLOSED, true);
		return;
	}
	req_fail(q, WHY_BAD_BODY);
}

static void
client_error(struct stream *s, enum codec_error e)
{
	struct client *c = client_of_stream(s);

	if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING)
		return;
	if (c->req != NULL)
		client_body_error(c, e);
	else if (e == CODEC_TRUNCATED)
		client_close(c, false);
	else
		client_refuse(c, client_why(e));
}

static const struct codec_events client_codec_events = {
	.head = client_head,
	.data = client_data,
	.end = client_end,
	.error = client_error,
};

/* ---- what the socket does ---- */

/* After a burst of bytes for the request that is on the connection. */
static void
client_after_body(struct client *c, bool partial)
{
	req_flush_up(c->req);
	if (c->req == NULL)
		return;
	client_arm_busy(c);
	/* The end was told before these bytes, which had been kept. */
	if (c->io.told_eof && !partial && !c->req->request_done)
		codec_eof(&c->codec.base);
}

static void
client_after_input(struct client *c, bool partial)
{
	if (c->req != NULL) {
		client_after_body(c, partial);
	} else if (c->io.paused) {
		return; /* the answer was not taken: client_next goes on */
	} else if (partial && c->state != CLIENT_HEAD) {
		/* A fresh one keeps its deadline: it runs from accept. */
		if (c->state == CLIENT_IDLE)
			client_deadline(c, client_timeouts(c)->head);
		client_set_state(c, CLIENT_HEAD);
	} else if (!partial && c->state == CLIENT_IDLE && client_spent(c)) {
		client_finish(c, false);
	}
}

static size_t
client_input(struct io *io, const char *p, size_t n)
{
	struct client *c = client_of_io(io);
	size_t used;

	if (c->state == CLIENT_CLOSING)
		return n;
	used = codec_input(&c->codec.base, p, n);
	if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING)
		return n;
	client_after_input(c, used < n);
	return c->state == CLIENT_CLOSED ? n : used;
}

static void
client_eof(struct io *io)
{
	struct client *c = client_of_io(io);

	if (c->state == CLIENT_CLOSING) {
		if (io->out.bytes == 0)
			client_close(c, false);
		return;
	}
	if (c->req == NULL && io_stashed(io) == 0) {
		client_close(c, false);
		return;
	}
	/* A client may close its side and wait for the answer. */
	codec_eof(&c->codec.base);
}

static void
client_drained(struct io *io)
{
	struct client *c = client_of_io(io);

	if (c->req != NULL) {
		req_room(c->req);
		if (c->req != NULL)
			client_arm_busy(c);
	} else if (c->state == CLIENT_IDLE) {
		client_next(c);
	} else if (c->state == CLIENT_CLOSING && c->linger && !io->saw_eof) {
		client_deadline(c, CLIENT_LINGER_US);
	} else if (c->state == CLIENT_CLOSING) {
		client_close(c, false);
	}
}

static void
client_failed(struct io *io, int error)
{
	struct client *c = client_of_io(io);

	(void)error;
	if (c->req != NULL)
		req_end(c->req, WHY_CLIENT_CLOSED, true);
	else
		client_close(c, false);
}

static const struct io_events client_io_events = {
	.input = client_input,
	.eof = client_eof,
	.drained = client_drained,
	.connected = NULL,
	.failed = client_failed,
};

/* True, and the deadline renewed, when some of what is queued was taken. */
static bool
client_still_takes(struct client *c)
{
	if (c->io.out.bytes == 0 || c->sent_mark == UINT64_MAX ||
	    c->sent_mark == c->io.bytes_out)
		return false;
	client_deadline_send(c,
	    c->req != NULL ? c->req->plan.send_us : client_timeouts(c)->send);
	return true;
}

static void
client_expired_busy(struct client *c)
{
	struct req *q = c->req;

	if (c->io.out.bytes != 0) {
		req_end(q, WHY_SEND_TIMEOUT, true);
	} else {
		h1_stop(&c->codec);
		req_fail(q, WHY_BODY_TIMEOUT);
	}
}

static void
client_expired(struct timer *t)
{
	struct client *c = CONTAINER_OF(t, struct client, timer);

	if (client_still_takes(c))
		return;
	switch ((enum client_state)c->state) {
	case CLIENT_HEAD:
		client_refuse(c, WHY_HEAD_TIMEOUT);
		break;
	case CLIENT_BUSY:
		client_expired_busy(c);
		break;
	case CLIENT_FRESH:
	case CLIENT_IDLE:
	case CLIENT_CLOSING:
		client_close(c, false);
		break;
	case CLIENT_CLOSED:
		break;
	}
}

/* ---- all of them ---- */

void
clients_init(struct clients *cs, struct env *e, uint32_t max)
{
	*cs = (struct clients){ .env = e, .max = max };
	pool_init(&cs->pool, "clients", sizeof(struct client), 0);
	list_init(&cs->all);
}

void
clients_fini(struct clients *cs)
{
	pool_fini(&cs->pool);
}

void
client_accept(struct clients *cs, int fd, const struct addr *peer)
{
	struct env *e = cs->env;
	struct client *c = pool_take(&cs->pool);

	if (c == NULL) {
		close(fd);
		env_count(e, COUNTER_CONNECTIONS_REFUSED, 1);
		return;
	}
	*c = (struct client){ .all = cs, .addr = *peer };
	if (!io_open(&c->io, e->loop, fd, false, &client_io_events)) {
		close(fd);
		pool_give(&cs->pool, c);
		env_count(e, COUNTER_CONNECTIONS_REFUSED, 1);
		return;
	}
	c->io.read_max = CLIENT_READ_HEAD;
	h1_init(&c->codec, CODEC_SERVER, &client_codec_events, &cs->limits,
	    &c->io.out);
	timer_init(&c->timer, client_expired);
	loop_task_init(&c->free_task, client_free);
	list_push_back(&cs->all, &c->link);
	cs->count++;
	env_count(e, COUNTER_CONNECTIONS, 1);
	env_count(e, COUNTER_CONNECTIONS_ACCEPTED, 1);
	client_deadline(
	    c, e->draining ? CLIENT_FRESH_US : client_timeouts(c)->head);
}

void
clients_make_room(struct clients *cs)
{
	uint32_t looks =
	    cs->count < CLIENT_ROOM_LOOKS ? cs->count : CLIENT_ROOM_LOOKS;
	uint32_t closed = 0;

	while (
	    looks-- != 0 && closed < CLIENT_ROOM_MAX && !list_empty(&cs->all)) {
		struct client *c =
		    CONTAINER_OF(cs->all.next, struct client, link);

		list_remove(&c->link);
		list_push_back(&cs->all, &c->link);
		if (!client_quiet(c))
			continue;
		client_close(c, false);
		closed++;
	}
}

void
clients_drain(struct clients *cs)
{
	struct list *at = cs->all.next;

	while (at != &cs->all) {
		struct client *c = CONTAINER_OF(at, struct client, link);

		at = at->next;
		if (client_quiet(c))
			client_close(c, false);
		else if (c->state == CLIENT_FRESH)
			client_deadline(c, CLIENT_FRESH_US);
	}
}

void
clients_stop(struct clients *cs)
{
	while (!list_empty(&cs->all)) {
		struct client *c =
		    CONTAINER_OF(cs->all.next, struct client, link);

		if (c->req != NULL && c->req->state != REQ_ANSWERING) {
			c->req->request_done = true;
			req_fail(c->req, WHY_STOPPING);
		} else if (c->req != NULL) {
			req_end(c->req, WHY_STOPPING, true);
		}
		if (c->state != CLIENT_CLOSED)
			client_close(c, false);
	}
}

void
clients_expire(struct clients *cs, uint64_t generation)
{
	struct env *e = cs->env;

	for (uint32_t i = 0; i < IMAGES_MAX; i++) {
		struct list *l = &e->pinned[i];

		while (!list_empty(l)) {
			struct req *q =
			    CONTAINER_OF(l->next, struct req, pin_link);

			if (q->image->generation >= generation)
				break;
			req_fail(q, WHY_GENERATION_EXPIRED);
		}
	}
}
