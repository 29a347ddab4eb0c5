/*
 * forward_answer.c - what an origin says: answers go to the client, unless the
 * request is to be sent again for their status; those are dropped. While the
 * next call is waited for, the rest of a dropped one is read, so that its
 * connection can be kept, if that is soon done.
 */
#include "worker/flow/grpc.h"
#include "worker/flow/upgrade.h"
#include "worker/origin/forward_state.h"

#define FORWARD_SPARE_FIELDS 8u
#define FORWARD_DROP_BYTES_MAX 65536u

static void
forward_ready(struct call *c)
{
	struct forward *f = c->user;
	struct req *q = f->req;

	if (q->deadline != NULL)
		grpc_tell_deadline(q);
	if (!call_send_head(c, &q->up, q->head.body == BODY_NONE)) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	forward_keep_send(f);
	/* A body that ended before: an empty one, or one that was kept. */
	if (q->head.body != BODY_NONE && q->request_done)
		call_send_end(c, NULL);
	forward_flush(f);
}

/*
 * The head as the client gets it, with room for `more` fields: in the place of
 * h, where there is as much. Framing fields go along: the codec reads them and
 * writes its own. False without memory.
 */
static bool
forward_own_fields(
    struct req *q, const struct head *h, struct head *out, uint32_t more)
{
	bool nominated = head_has(h, FIELD_CONNECTION);

	*out = *h;
	if (nominated)
		out->room = 0; /* h goes on to say which they are */
	if (!head_reserve(out, more, &q->arena))
		return false;
	if ((h->present & http_hop_fields) == 0)
		return true;
	out->count = 0;
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];

		if ((http_hop_fields >> f->id & 1) != 0)
			continue;
		if (nominated && head_nominated(h, f->name))
			continue;
		out->fields[out->count++] = *f;
	}
	return true;
}

static void
forward_interim(struct call *c, const struct head *h)
{
	struct forward *f = c->user;
	struct head out;

	if (!forward_own_fields(f->req, h, &out, 0))
		return;
	/* A go-ahead says nothing of the answer; anything else does. */
	f->interim = f->interim || h->status != 100;
	req_answer_interim(f->req, &out);
}

static void
forward_drop_data(struct forward *f, size_t n)
{
	f->dropped += (uint32_t)n;
	if (f->dropped > FORWARD_DROP_BYTES_MAX)
		call_abort(&f->call);
}

bool
forward_make_answer(struct forward *f, const struct head *h, struct head *out)
{
	struct req *q = f->req;

	if (!forward_own_fields(q, h, out, FORWARD_SPARE_FIELDS))
		return false;
	out->close = false; /* the upstream's wish, not the client's */
	out->method = q->head.method;
	forward_end_deadline(f);
	forward_keep_drop(f);
	forward_note_time(f);
	forward_settle_head(f);
	return true;
}

static void
forward_answer(struct forward *f, const struct head *h)
{
	struct req *q = f->req;
	/* RFC 9110 15.5.22: it has to say what would be accepted. */
	struct slice offered =
	    h->status == 426 ? upgrade_offered(q, h) : SLICE_NONE;
	struct head out;

	if (!forward_make_answer(f, h, &out)) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	out.upgrade = offered;
	req_answer_head(q, &out, out.room, false);
}

static void
forward_head(struct call *c, const struct head *h)
{
	struct forward *f = c->user;

	forward_note_head(f, h);
	if (h->status >= 400 && forward_retries(f, h))
		forward_retry_answered(f);
	else if (h->status >= 400 && forward_falls(f, h))
		forward_fall_answered(f);
	else
		forward_answer(f, h);
}

static void
forward_data(struct call *c, struct slice bytes)
{
	struct forward *f = c->user;

	if (f->waiting)
		forward_drop_data(f, bytes.n);
	else
		req_answer_data(f->req, bytes);
}

static void
forward_end(struct call *c, const struct head *trailers)
{
	struct forward *f = c->user;

	forward_note_end(f, WHY_OK);
	if (!f->waiting)
		req_answer_end(f->req, trailers);
	else if (f->falling)
		forward_wait(f, 0); /* nothing more to wait for */
}

void
forward_burst(struct call *c)
{
	struct forward *f = c->user;

	if (f->waiting)
		return;
	f->req->owner->flush(f->req);
	if (c->origin != NULL)
		call_pause(c, req_blocked(f->req));
}

static void
forward_drained(struct call *c)
{
	struct forward *f = c->user;

	if (!f->waiting)
		forward_pause_client(f, false);
}

const struct call_sink forward_sink = {
	.ready = forward_ready,
	.interim = forward_interim,
	.head = forward_head,
	.fits = forward_fits,
	.switched = forward_switched,
	.data = forward_data,
	.end = forward_end,
	.failed = forward_failed,
	.drained = forward_drained,
	.burst = forward_burst,
	.passes = forward_passes_down,
	.passed = forward_passed_down,
};
