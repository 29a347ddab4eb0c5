/*
 * client.c - see client.h: what the socket, the codec and the request say.
 */
#include "worker/client_state.h"

#include <errno.h>
#include <string.h>

#include "common/base/must.h"
#include "common/net/tls.h"
#include "worker/connections.h"
#include "worker/flow/admit.h"

static const struct req_owner client_owner;

static struct client *
client_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct client, io);
}

static struct client *
client_of_stream(struct stream *s)
{
	return CONTAINER_OF(s, struct client_work, codec.stream)->client;
}

void
client_set_state(struct client *c, enum client_state to)
{
	MUST(c->state != CLIENT_CLOSED);
	c->state = (uint8_t)to;
}

/* ---- what the request asks of its connection ---- */

static void
client_req_flush(struct req *q)
{
	struct client *c = client_of_stream(q->stream);

	io_flush_soon(&c->io, false);
	client_arm_busy(c);
}

static void
client_req_pause(struct req *q, bool paused)
{
	struct client *c = client_of_stream(q->stream);

	stream_pause(&c->work->codec.stream, paused);
	io_pause(&c->io, paused);
	client_arm_busy(c);
}

static size_t
client_req_queued(struct req *q)
{
	return io_queued(&client_of_stream(q->stream)->io);
}

bool
client_quiet(const struct client *c)
{
	return c->state == CLIENT_IDLE && io_queued(&c->io) == 0 &&
	    io_stashed(&c->io) == 0 && !c->io.held &&
	    (c->h2 == NULL || client_h2_quiet(c->h2)) && !io_has_unread(&c->io);
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
	bool taken = io_flush_soon(&c->io, false);

	client_set_state(c, CLIENT_IDLE);
	stream_pause(&c->work->codec.stream, !taken);
	io_pause(&c->io, !taken);
	if (!taken) {
		client_deadline_send(c, client_timeouts(c)->send);
		return;
	}
	client_deadline(c, client_timeouts(c)->idle);
	client_work_rest(c);
	if (io_stashed(&c->io) != 0)
		io_resume(&c->io);
	else if (!c->io.in_input && client_spent(c))
		client_finish(c, false);
}

/* What came behind the request was kept; its sender may have ended, too. */
static void
client_req_switched(struct req *q)
{
	struct client *c = client_of_stream(q->stream);

	c->io.read_max = IO_SCRATCH_BYTES;
	io_watch(&c->io);
	client_req_flush(q);
	if (io_stashed(&c->io) != 0)
		io_resume(&c->io);
	else if (c->io.told_eof)
		codec_eof(&c->work->codec.base);
}

static void
client_req_shut(struct req *q)
{
	struct client *c = client_of_stream(q->stream);

	io_shutdown(&c->io);
	client_arm_busy(c);
}

/* The end of the connection is that of the answer. */
static bool
client_ends_body(const struct client *c)
{
	return c->work->codec.writing == H1_WRITE_EOF &&
	    !h1_switched(&c->work->codec);
}

/*
 * An answer was cut: end at once, when nobody takes its bytes or only a reset
 * tells that some are missing? Else those before it are still delivered.
 */
static bool
client_is_lost(const struct client *c, enum why why)
{
	return why == WHY_CLIENT_CLOSED || why == WHY_SEND_TIMEOUT ||
	    why == WHY_SLOW_READER || client_ends_body(c);
}

static void
client_req_ended(struct req *q, bool cut)
{
	struct client *c = client_of_stream(q->stream);

	c->req = NULL;
	client_count_bytes(c);
	client_rate_forget(&c->work->rate);
	if (cut && client_is_lost(c, (enum why)q->why)) {
		io_flush(&c->io);
		client_close(c, client_ends_body(c));
	} else if (cut || h1_must_close(&c->work->codec) ||
	    !h1_idle(&c->work->codec)) {
		client_finish(c, !q->request_done && q->head.body != BODY_NONE);
	} else {
		client_next(c);
	}
}

static const struct req_owner client_owner = {
	.flush = client_req_flush,
	.pause = client_req_pause,
	.queued = client_req_queued,
	.passes = client_req_passes,
	.passed = client_req_passed,
	.switched = client_req_switched,
	.shut = client_req_shut,
	.ended = client_req_ended,
};

/* ---- what the codec reads ---- */

static void
client_head(struct stream *s, const struct head *h)
{
	struct client *c = client_of_stream(s);
	struct env *e = c->all->env;

	client_set_state(c, CLIENT_BUSY);
	admit_again(e, &c->via);
	c->req = req_new(e, s, &client_owner, h, &c->via);
	if (c->req == NULL) {
		client_refuse(c, WHY_OVERLOADED, h);
		return;
	}
	c->req->tls = c->io.tls;
	if (++c->requests == c->all->requests_max)
		h1_end_with_this(&c->work->codec);
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

static void
client_body_error(struct client *c, enum codec_error e)
{
	struct req *q = c->req;

	if (e == CODEC_TRUNCATED)
		req_end(q, WHY_CLIENT_CLOSED, true);
	else if (why_of_codec(e) == WHY_HEAD_TOO_LARGE)
		req_fail(q, WHY_HEAD_TOO_LARGE); /* trailers */
	else
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
		client_cut_off(c);
	else
		client_refuse(c, why_of_codec(e), s->codec->broken);
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
		codec_eof(&c->work->codec.base);
}

void
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

static size_t client_input(struct io *io, const char *p, size_t n);

/* What is behind the header may be of TLS. */
static __attribute__((noinline)) size_t
client_input_proxied(struct client *c, const char *p, size_t n)
{
	size_t used = n;

	return client_read_header(c, p, &used) && used < n &&
		c->state == CLIENT_FRESH
	    ? used + client_input(&c->io, p + used, n - used)
	    : used;
}

static size_t
client_input(struct io *io, const char *p, size_t n)
{
	struct client *c = client_of_io(io);
	size_t used;

	if (c->state == CLIENT_CLOSING) {
		client_discard(c, n);
		return n;
	}
	if (c->state == CLIENT_PROXIED)
		return client_input_proxied(c, p, n);
	if (!client_work_take(c, &client_codec_events)) {
		client_refuse_early(c);
		return n;
	}
	if (c->speaks != CLIENT_H1 && c->h2 == NULL && !client_choose(c, p, n))
		return c->state == CLIENT_CLOSED ? n : 0;
	if (c->h2 != NULL)
		return client_h2_input(c, p, n);
	used = codec_input(&c->work->codec.base, p, n);
	if (c->state == CLIENT_CLOSED || c->state == CLIENT_CLOSING)
		return n;
	io->passes = io->readable && io->tls == NULL &&
	    h1_passes_in(&c->work->codec) >= H1_PASS_BYTES;
	client_after_input(c, used < n);
	return c->state == CLIENT_CLOSED ? n : used;
}

static void
client_eof(struct io *io)
{
	struct client *c = client_of_io(io);

	if (c->state == CLIENT_CLOSING) {
		if (io_queued(io) == 0)
			client_close(c, false);
	} else if (c->state == CLIENT_SECURING) {
		client_insecure(c, "the client closed");
	} else if (c->h2 != NULL) {
		client_h2_eof(c);
	} else if (c->speaks != CLIENT_H1 ||
	    (c->req == NULL && io_stashed(io) == 0)) {
		client_close(c, false);
	} else if (c->state == CLIENT_PROXIED) {
		client_refuse_header(c, "is cut short");
	} else {
		/* A client may close its side and wait for the answer. */
		codec_eof(&c->work->codec.base);
	}
}

static void
client_drained(struct io *io)
{
	struct client *c = client_of_io(io);

	if (c->h2 != NULL) {
		client_h2_stir(c->h2);
	} else if (c->req != NULL) {
		req_room(c->req);
		if (c->req != NULL)
			client_arm_busy(c);
	} else if (c->state == CLIENT_IDLE) {
		client_next(c);
	} else if (c->state == CLIENT_CLOSING) {
		client_linger(c);
	}
}

/* An answer was not taken whole: as if it had been known at once. */
static void
client_stalled(struct io *io)
{
	struct client *c = client_of_io(io);

	if (c->req != NULL)
		client_arm_busy(c);
	else if (c->state == CLIENT_IDLE || c->state == CLIENT_HEAD)
		client_next(c);
}

static void
client_on_secured(struct io *io)
{
	client_secured(client_of_io(io));
}

static void
client_failed(struct io *io, int error)
{
	struct client *c = client_of_io(io);

	if (c->state == CLIENT_SECURING) {
		client_insecure(
		    c, error == EPROTO ? tls_fault(io->tls) : strerror(error));
	} else if (c->req != NULL) {
		req_end(c->req, WHY_CLIENT_CLOSED, true);
	} else {
		if (c->h2 != NULL)
			client_h2_abort(c, WHY_CLIENT_CLOSED);
		client_close(c, false);
	}
}

static const struct io_events client_io_events = {
	.input = client_input,
	.eof = client_eof,
	.drained = client_drained,
	.stalled = client_stalled,
	.connected = NULL,
	.secured = client_on_secured,
	.failed = client_failed,
	.passes = client_passes,
	.passed = client_passed,
};

/* What is asked for only before the first request. */
static bool
client_remember(struct client *c, const struct arrival *a)
{
	if (!a->proxied && !a->secured)
		return true;
	if (!client_work_take(c, &client_codec_events))
		return false;
	c->work->local = a->local;
	return true;
}

bool
client_open(
    struct client *c, struct clients *all, int fd, const struct arrival *a)
{
	*c = (struct client){
		.all = all,
		.via.peer = a->peer,
		.via.redirect_port = (uint16_t)a->redirect_port,
		.permit = PERMIT_NONE,
		.state = a->proxied ? CLIENT_PROXIED : CLIENT_FRESH,
		.protocols = (uint8_t)a->protocols,
		.secured = a->secured != 0,
	};
	timer_init(&c->timer, client_expired);
	if (!client_remember(c, a)) {
		client_work_give(c);
		return false;
	}
	io_take(&c->io, all->env->loop, fd, &client_io_events);
	/* Who handed it over may not have closed it yet. */
	c->io.sole = a->hops == 0;
	admit_begin(all->env, &c->via);
	c->io.read_max = CLIENT_READ_HEAD;
	client_deadline(c, client_timeouts(c)->head);
	return true;
}
