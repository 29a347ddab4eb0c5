/*
 * probe.c - see probe.h.
 */
#include "master/probe.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/sock.h"

#define PROBE_LATE_US 100000

static const struct codec_limits probe_limits = {
	.head_bytes = 16384,
	.fields = 256,
};

static struct probe *
probe_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct probe, io);
}

static struct probe *
probe_of_stream(struct stream *s)
{
	return CONTAINER_OF(s, struct probe, codec.stream);
}

/* ---- the end ---- */

static void
probe_tell(struct loop_task *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, over_task);

	text_fini(&p->body);
	p->ended(p);
}

static void
probe_end(struct probe *p, enum probe_result result, enum change_cause cause,
    uint32_t detail)
{
	MUST(!p->over);
	p->over = true;
	p->result = result;
	p->cause = cause;
	p->detail = detail;
	timer_fini(&p->loop->timers, &p->timer);
	if (io_is_open(&p->io))
		io_close(&p->io, false);
	loop_defer_free(p->loop, &p->over_task);
}

static void
probe_bad(struct probe *p, enum change_cause cause, uint32_t detail)
{
	probe_end(p, PROBE_BAD, cause, detail);
}

/* What can be our own shortage is not held against the endpoint. */
static bool
probe_is_ours(int error)
{
	switch (error) {
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case ENOBUFS:
	case ENOSPC: /* too many watches in epoll */
	case EADDRNOTAVAIL:
	case EAGAIN: /* no local port is left */
		return true;
	default:
		return false;
	}
}

static void
probe_broke(struct probe *p, int error)
{
	if (probe_is_ours(error))
		probe_end(
		    p, PROBE_PUT_OFF, CAUSE_PROBE_CONNECT, (uint32_t)error);
	else if (p->connected)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else
		probe_bad(p, CAUSE_PROBE_CONNECT, (uint32_t)error);
}

static void
probe_set_deadline(struct probe *p)
{
	p->deadline = mono_add_us(clock_now(), p->rule->timeout_us);
	timer_set(&p->loop->timers, &p->timer, p->deadline);
}

/*
 * If it is this process that was held up, what has come in meanwhile is read
 * first: otherwise every endpoint would be found failing at once.
 */
static void
probe_expired(struct timer *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, timer);

	if (p->waited ||
	    mono_diff_us(clock_now(), p->deadline) < PROBE_LATE_US) {
		probe_bad(p, CAUSE_PROBE_TIMEOUT, 0);
		return;
	}
	p->waited = true;
	probe_set_deadline(p);
}

/* The body is complete, or as much of it as counts. */
static void
probe_judge(struct probe *p)
{
	if (probe_rule_finds(p->rule, text_slice(&p->body)))
		probe_end(p, PROBE_GOOD, CAUSE_PROBE_OK, 0);
	else
		probe_bad(p, CAUSE_PROBE_BODY, 0);
}

/* ---- the codec's events ---- */

static void
probe_head(struct stream *s, const struct head *h)
{
	struct probe *p = probe_of_stream(s);

	if (h->status >= 200 && !p->over &&
	    !probe_rule_expects(p->rule, h->status))
		probe_bad(p, CAUSE_PROBE_STATUS, h->status);
}

static void
probe_data(struct stream *s, struct slice bytes)
{
	struct probe *p = probe_of_stream(s);

	if (p->over)
		return;
	if (bytes.n > PROBE_BODY_BYTES - p->body_bytes)
		bytes.n = PROBE_BODY_BYTES - p->body_bytes;
	p->body_bytes += (uint32_t)bytes.n;
	if (p->rule->body.n != 0)
		text_add(&p->body, bytes);
	if (p->body_bytes == PROBE_BODY_BYTES)
		probe_judge(p);
}

static void
probe_whole(struct stream *s, const struct head *trailers)
{
	struct probe *p = probe_of_stream(s);

	(void)trailers;
	if (!p->over)
		probe_judge(p);
}

static void
probe_error(struct stream *s, enum codec_error e)
{
	struct probe *p = probe_of_stream(s);

	(void)e;
	if (!p->over)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
}

static const struct codec_events probe_codec_events = {
	.head = probe_head,
	.data = probe_data,
	.end = probe_whole,
	.error = probe_error,
};

/* ---- the connection's events ---- */

static void
probe_connected(struct io *io)
{
	struct probe *p = probe_of_io(io);

	p->connected = true;
	if (p->rule->type == IMG_CHECK_TCP) {
		probe_end(p, PROBE_GOOD, CAUSE_PROBE_OK, 0);
		return;
	}
	h1_init(&p->codec, CODEC_CLIENT, &probe_codec_events, &probe_limits,
	    &p->io.out);
	if (probe_rule_ask(p->rule, p->host, &p->codec.stream))
		(void)io_flush(&p->io);
	else
		probe_broke(p, ENOMEM);
}

static size_t
probe_input(struct io *io, const char *bytes, size_t n)
{
	struct probe *p = probe_of_io(io);
	size_t used = codec_input(&p->codec.base, bytes, n);

	return p->over ? n : used;
}

static void
probe_eof(struct io *io)
{
	struct probe *p = probe_of_io(io);

	codec_eof(&p->codec.base);
	if (!p->over)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
}

static void
probe_drained(struct io *io)
{
	(void)io;
}

static void
probe_failed(struct io *io, int error)
{
	probe_broke(probe_of_io(io), error);
}

static const struct io_events probe_io_events = {
	.input = probe_input,
	.eof = probe_eof,
	.drained = probe_drained,
	.connected = probe_connected,
	.failed = probe_failed,
};

/* ---- the owner's calls ---- */

void
probe_start(struct probe *p, struct loop *loop, struct probe_rule *rule,
    const struct addr *a, struct slice host, probe_ended_fn *ended)
{
	bool done = false;
	int fd;

	*p = (struct probe){ .io.watch.fd = -1,
		.loop = loop,
		.rule = rule,
		.host = host,
		.ended = ended,
		.owner = p->owner };
	loop_task_init(&p->over_task, probe_tell);
	timer_init(&p->timer, probe_expired);
	fd = sock_connect(a, &done);
	if (fd < 0) {
		probe_broke(p, errno);
		return;
	}
	if (!io_open(&p->io, loop, fd, !done, &probe_io_events)) {
		int error = errno;

		(void)close(fd);
		probe_broke(p, error);
		return;
	}
	probe_set_deadline(p);
	if (done)
		probe_connected(&p->io);
}

void
probe_abort(struct probe *p)
{
	if (!p->over)
		probe_end(p, PROBE_ABORTED, CAUSE_CONFIG, 0);
}
