/*
 * forward_tunnel.c - a request whose endpoint has answered 101: bytes go both
 * ways, as they are, until both sides have ended. Each way ends by itself: an
 * end that is read is passed on, and the other way goes on.
 *
 *	client  -- up -->    call  -- origin
 *	client  <-- down --  call  -- origin
 *
 * From then on the request's handler and the call's sink are the ones here.
 * When the gateway stops, or the client's identity ends, both ends of a
 * WebSocket get a close frame as soon as a frame has ended, nothing behind it,
 * and a moment to say the same.
 */
#include "common/http/ws_frame.h"
#include "worker/flow/upgrade.h"
#include "worker/origin/forward_state.h"

struct tunnel_way {
	struct ws_frame frame; /* of what came */
	bool ended;            /* no more comes */
	bool sealed;           /* a close frame went out: no more goes */
};

struct tunnel {
	struct tunnel_way up, down;
	bool websocket;
	bool leaving;
	uint8_t why; /* of that: enum why */
};

/* ---- one way ---- */

static void
tunnel_put(struct forward *f, const struct tunnel_way *way, struct slice bytes)
{
	if (way == &f->tunnel->up)
		call_send_data(&f->call, bytes);
	else
		req_answer_data(f->req, bytes);
}

/* Between two frames: ends what goes this way with a close frame. */
static void
tunnel_seal(struct forward *f, struct tunnel_way *way)
{
	uint64_t random = random_word(&f->req->env->random);
	const uint8_t *mask =
	    way == &f->tunnel->up ? (const uint8_t *)&random : NULL;
	unsigned code =
	    f->tunnel->why == WHY_IDENTITY_ENDED ? WS_POLICY : WS_GOING_AWAY;
	char frame[WS_CLOSE_BYTES];
	size_t n;

	if (way->sealed || way->ended || way->frame.at != WS_BETWEEN)
		return;
	n = ws_frame_close(frame, code, mask);
	if (!way->frame.closed)
		tunnel_put(f, way, slice_make(frame, n));
	way->sealed = true;
}

static void
tunnel_pass(struct forward *f, struct tunnel_way *way, struct slice bytes)
{
	const struct tunnel *t = f->tunnel;
	size_t n = bytes.n;

	if (t->leaving && !way->sealed)
		n = ws_frame_read(&way->frame, bytes.p, bytes.n);
	else if (t->websocket)
		ws_frame_skip(&way->frame, bytes.p, bytes.n);
	if (!way->sealed)
		tunnel_put(f, way, slice_make(bytes.p, n));
	if (!t->leaving)
		return;
	tunnel_seal(f, way);
	ws_frame_skip(&way->frame, bytes.p + n, bytes.n - n);
}

/* Its sender has ended, or has said that it will. */
static bool
tunnel_way_over(const struct tunnel_way *way)
{
	return way->ended || (way->sealed && way->frame.closed);
}

/* Over, when both ways are and the origin has taken all: ends the request. */
static void
tunnel_settle(struct forward *f)
{
	const struct tunnel *t = f->tunnel;

	if (tunnel_way_over(&t->up) && tunnel_way_over(&t->down) &&
	    call_queued(&f->call) == 0)
		req_end(f->req, (enum why)t->why, false);
}

/* ---- the handler: what the client sends ---- */

static void
tunnel_up(struct req *q, struct slice bytes)
{
	struct forward *f = q->handled;

	tunnel_pass(f, &f->tunnel->up, bytes);
	if (call_queued(&f->call) >= BUF_BLOCK_BYTES)
		forward_flush(f);
	tunnel_settle(f);
}

static void
tunnel_up_end(struct req *q, const struct head *trailers)
{
	struct forward *f = q->handled;

	(void)trailers;
	f->tunnel->up.ended = true;
	call_send_end(&f->call, NULL);
	forward_flush(f);
	tunnel_settle(f);
}

static void
tunnel_abort(struct req *q)
{
	env_count(q->env, COUNTER_TUNNELS, -1);
	forward_abort(q);
}

static bool
tunnel_leave(struct req *q, enum why why)
{
	struct forward *f = q->handled;
	struct tunnel *t = f->tunnel;

	if (!t->websocket)
		return false;
	if (!t->leaving)
		t->why = (uint8_t)why;
	t->leaving = true;
	tunnel_seal(f, &t->up);
	tunnel_seal(f, &t->down);
	forward_flush(f);
	q->owner->flush(q);
	tunnel_settle(f);
	return true;
}

static const struct req_handler tunnel_handler = {
	.data = tunnel_up,
	.end = tunnel_up_end,
	.room = forward_room,
	.abort = tunnel_abort,
	.flush = forward_client_burst,
	.leave = tunnel_leave,
};

/* ---- the sink: what the origin sends ---- */

static void
tunnel_down(struct call *c, struct slice bytes)
{
	struct forward *f = c->user;

	tunnel_pass(f, &f->tunnel->down, bytes);
	tunnel_settle(f);
}

static void
tunnel_down_end(struct call *c, const struct head *trailers)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	(void)trailers;
	f->tunnel->down.ended = true;
	stream_end(q->stream, NULL);
	q->owner->shut(q);
	tunnel_settle(f);
}

static void
tunnel_failed(struct call *c, enum why why)
{
	struct forward *f = c->user;

	const struct tunnel *t = f->tunnel;

	req_end(f->req, t->leaving ? (enum why)t->why : why, true);
}

static void
tunnel_drained(struct call *c)
{
	struct forward *f = c->user;

	forward_pause_client(f, false);
	tunnel_settle(f);
}

static const struct call_sink tunnel_sink = {
	.data = tunnel_down,
	.end = tunnel_down_end,
	.failed = tunnel_failed,
	.drained = tunnel_drained,
	.burst = forward_burst,
};

/* ---- the 101 ---- */

bool
forward_fits(const struct call *c, const struct head *h)
{
	const struct forward *f = c->user;

	return upgrade_fits(f->req, h);
}

void
forward_switched(struct call *c, const struct head *h)
{
	struct forward *f = c->user;
	struct req *q = f->req;
	struct head out;

	forward_note_head(f, h);
	f->tunnel = arena_zalloc(&q->arena, sizeof(*f->tunnel));
	if (f->tunnel == NULL || !forward_make_answer(f, h, &out)) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	f->tunnel->websocket = upgrade_is_websocket(q->up.upgrade);
	q->handler = &tunnel_handler;
	c->sink = &tunnel_sink;
	env_count(q->env, COUNTER_TUNNELS, 1);
	env_count(q->env, COUNTER_TUNNELS_TOTAL, 1);
	req_answer_switch(q, &out, out.room);
}
