/*
 * probe.c - see probe.h.
 */
#include "master/probe_state.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/must.h"
#include "common/net/sock.h"

#define PROBE_LATE_US 100000

const struct codec_limits probe_limits = {
	.head_bytes = 16384,
	.fields = 256,
};

static struct probe *
probe_of_io(struct io *io)
{
	return CONTAINER_OF(io, struct probe, io);
}

/* ---- the end ---- */

static void
probe_tell(struct loop_task *t)
{
	struct probe *p = CONTAINER_OF(t, struct probe, over_task);

	if (p->ops != NULL)
		p->ops->end(p);
	if (io_is_open(&p->io))
		io_close(&p->io, false);
	text_fini(&p->body);
	p->ended(p);
}

/* Its codec may be in the middle of something: the rest is for later. */
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
	loop_defer_free(p->loop, &p->over_task);
}

void
probe_good(struct probe *p)
{
	probe_end(p, PROBE_GOOD, CAUSE_PROBE_OK, 0);
}

void
probe_bad(struct probe *p, enum change_cause cause, uint32_t detail)
{
	probe_end(p, PROBE_BAD, cause, detail);
}

/*
 * What can be our own shortage is not held against the endpoint; nor that there
 * are too many watches in epoll.
 */
static bool
probe_is_ours(int error)
{
	return error == ENOSPC || sock_error_is_ours(error);
}

void
probe_broke(struct probe *p, int error)
{
	if (probe_is_ours(error))
		probe_end(
		    p, PROBE_PUT_OFF, CAUSE_PROBE_CONNECT, (uint32_t)error);
	else if (error == EPROTO && p->io.tls != NULL)
		probe_bad(p, CAUSE_PROBE_TLS, tls_fault_code(p->io.tls));
	else if (p->connected)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else
		probe_bad(p, CAUSE_PROBE_CONNECT, (uint32_t)error);
}

void
probe_unread(struct stream *s, enum codec_error e)
{
	struct probe *p = probe_of(s);

	(void)e;
	if (p == NULL)
		return;
	if (p->ops->lacked != NULL && p->ops->lacked(p))
		probe_broke(p, ENOMEM);
	else
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
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

/* ---- the connection's events ---- */

/* With TLS, HTTP/2 needs to have been agreed on (RFC 9113 3.2). */
static bool
probe_agreed(const struct probe *p)
{
	return p->io.tls == NULL || !p->rule->h2 ||
	    slice_eq(tls_alpn(p->io.tls), SLICE_LIT("h2"));
}

static void
probe_talk(struct probe *p)
{
	const struct codec_events *judge = p->rule->type == IMG_CHECK_GRPC
	    ? &probe_grpc_events
	    : &probe_http_events;

	p->ops = p->rule->h2 ? &probe_h2_ops : &probe_h1_ops;
	if (!p->ops->begin(p, judge) && !p->over)
		probe_broke(p, ENOMEM);
}

static void
probe_connected(struct io *io)
{
	struct probe *p = probe_of_io(io);

	if (p->over)
		return;
	p->connected = true;
	if (p->rule->type == IMG_CHECK_TCP)
		probe_good(p);
	else if (!probe_agreed(p))
		probe_bad(p, CAUSE_PROBE_TLS, TLS_FAULT_ALPN);
	else
		probe_talk(p);
}

static size_t
probe_input(struct io *io, const char *bytes, size_t n)
{
	struct probe *p = probe_of_io(io);
	size_t used;

	if (p->over)
		return n;
	used = p->ops->input(p, bytes, n);
	return p->over ? n : used;
}

static void
probe_eof(struct io *io)
{
	struct probe *p = probe_of_io(io);

	if (!p->over && p->ops != NULL)
		p->ops->eof(p);
	if (!p->over)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
}

static void
probe_drained(struct io *io)
{
	struct probe *p = probe_of_io(io);

	if (!p->over && p->ops != NULL)
		p->ops->drained(p);
}

static void
probe_failed(struct io *io, int error)
{
	struct probe *p = probe_of_io(io);

	if (!p->over)
		probe_broke(p, error);
}

static const struct io_events probe_io_events = {
	.input = probe_input,
	.eof = probe_eof,
	.drained = probe_drained,
	.connected = probe_connected,
	.failed = probe_failed,
};

/* ---- the owner's calls ---- */

/* False with errno. */
static bool
probe_secure(struct probe *p, struct slice name)
{
	struct tls *tls;

	if (p->rule->tls == NULL)
		return true;
	if (p->rule->tls_name.n != 0)
		name = p->rule->tls_name;
	tls = tls_connect(p->rule->tls, name, NULL);
	if (tls != NULL)
		io_secure(&p->io, tls);
	else
		errno = ENOMEM;
	return tls != NULL;
}

/* Connected at once, where it is; false with errno. */
static bool
probe_connect(struct probe *p, const struct probe_place *to, bool *done)
{
	int fd = sock_connect(&to->addr, done);
	int error = errno;

	if (fd >= 0 && io_open(&p->io, p->loop, fd, !*done, &probe_io_events))
		return probe_secure(p, to->name);
	if (fd >= 0) {
		error = errno;
		(void)close(fd);
	}
	errno = error;
	return false;
}

void
probe_start(struct probe *p, struct loop *loop, struct probe_rule *rule,
    const struct probe_place *to, probe_ended_fn *ended)
{
	bool done = false;

	*p = (struct probe){ .io.watch.fd = -1,
		.loop = loop,
		.rule = rule,
		.host = to->host,
		.ended = ended,
		.owner = p->owner };
	loop_task_init(&p->over_task, probe_tell);
	timer_init(&p->timer, probe_expired);
	if (!probe_connect(p, to, &done)) {
		probe_broke(p, errno);
		return;
	}
	probe_set_deadline(p);
	if (done && rule->tls == NULL)
		probe_connected(&p->io);
}

void
probe_abort(struct probe *p)
{
	if (!p->over)
		probe_end(p, PROBE_ABORTED, CAUSE_CONFIG, 0);
}
