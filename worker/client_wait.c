/*
 * client_wait.c - for whom a client connection waits, and for how long.
 * Deadlines are told apart by state; the timer is lazy, so renewing one is a
 * store.
 */
#include "worker/client_state.h"

bool
client_may_wait(const struct req *q)
{
	return q->head.expect_continue && !q->continued && q->bytes_in == 0;
}

/* Who is to move bytes. In a tunnel, nobody has to. */
static enum client_way
client_way(const struct client *c)
{
	const struct req *q = c->req;

	if (h1_switched(&c->work->codec))
		return CLIENT_WAY_NONE;
	if (io_queued(&c->io) != 0)
		return CLIENT_WAY_OUT;
	if (q == NULL || q->request_done || c->io.paused || client_may_wait(q))
		return CLIENT_WAY_NONE;
	return CLIENT_WAY_IN;
}

/* Sets the timer: `until`, or when the client's rate is to be looked at. */
static void
client_arm(struct client *c)
{
	struct client_work *w = c->work;
	enum client_way way =
	    c->all->min_rate != 0 ? client_way(c) : CLIENT_WAY_NONE;
	struct mono at = w->until, due;

	if (way != CLIENT_WAY_NONE || !client_rate_rests(&w->rate)) {
		client_rate_wait(&w->rate, way, client_moved_by_io, &c->io);
		due = client_rate_due(&w->rate);
		if (due.us < at.us)
			at = due;
	}
	timer_set(&c->all->env->loop->timers, &c->timer, at);
}

void
client_deadline(struct client *c, uint64_t us)
{
	struct mono until = us != 0 ? mono_add_us(clock_now(), us) : MONO_NEVER;

	if (c->work == NULL) {
		timer_set(&c->all->env->loop->timers, &c->timer, until);
		return;
	}
	c->work->sent_mark = UINT64_MAX;
	c->work->until = until;
	client_arm(c);
}

const struct img_timeouts *
client_timeouts(const struct client *c)
{
	static const struct img_timeouts none = {
		.head = 10000000, .send = 30000000, .idle = 75000000
	};
	const struct img_head *img = c->all->env->view.image;

	return img != NULL ? &img->timeouts : &none;
}

void
client_deadline_send(struct client *c, uint64_t us)
{
	if (c->work->sent_mark == c->io.bytes_out)
		return;
	client_deadline(c, us);
	c->work->sent_mark = c->io.bytes_out;
}

void
client_arm_busy(struct client *c)
{
	const struct req *q = c->req;

	if (io_queued(&c->io) != 0)
		client_deadline_send(c, q->plan.send_us);
	else if (!q->request_done && !c->io.paused && !client_may_wait(q))
		client_deadline(c, q->plan.body_us);
	else
		client_deadline(c, 0);
}

/* True, and the deadline renewed, when some of what is queued was taken. */
static bool
client_still_takes(struct client *c)
{
	const struct client_work *w = c->work;

	if (io_queued(&c->io) == 0 || w == NULL || w->sent_mark == UINT64_MAX ||
	    w->sent_mark == c->io.bytes_out)
		return false;
	client_deadline_send(c,
	    c->req != NULL ? c->req->plan.send_us : client_timeouts(c)->send);
	return true;
}

static void
client_expired_busy(struct client *c)
{
	struct req *q = c->req;

	if (io_queued(&c->io) != 0) {
		req_end(q, WHY_SEND_TIMEOUT, true);
	} else {
		h1_stop(&c->work->codec);
		req_fail(q, WHY_BODY_TIMEOUT);
	}
}

/* It sends, or takes, too slowly. */
static void
client_too_slow(struct client *c)
{
	struct req *q = c->req;

	if (q == NULL) {
		if (c->h2 != NULL)
			client_h2_abort(c, WHY_SLOW_READER);
		/* Even if the end of the connection is that of the answer. */
		client_close(c, true);
	} else if (c->work->rate.now == CLIENT_WAY_OUT) {
		req_end(q, WHY_SLOW_READER, true);
	} else {
		h1_stop(&c->work->codec);
		req_fail(q, WHY_TOO_SLOW);
	}
}

static void
client_late(struct client *c)
{
	struct head h;

	client_glimpse(c, &h);
	client_refuse(c, WHY_HEAD_TIMEOUT, &h);
}

void
client_expired(struct timer *t)
{
	struct client *c = CONTAINER_OF(t, struct client, timer);
	struct client_work *w = c->work;
	struct mono now = clock_now();

	if (w != NULL && client_rate_due(&w->rate).us <= now.us &&
	    client_rate_is_slow(
		&w->rate, c->all->min_rate, client_moved_by_io, &c->io)) {
		client_too_slow(c);
		return;
	}
	if (w != NULL && now.us < w->until.us) {
		client_arm(c);
		return;
	}
	if (client_still_takes(c))
		return;
	if (c->h2 != NULL) {
		client_h2_expired(c);
		return;
	}
	switch ((enum client_state)c->state) {
	case CLIENT_PROXIED:
		client_refuse_header(c, "did not arrive in time");
		break;
	case CLIENT_SECURING:
		client_insecure(c, "it did not end in time");
		break;
	case CLIENT_HEAD:
		client_late(c);
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
