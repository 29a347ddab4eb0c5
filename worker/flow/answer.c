/*
 * answer.c - what a request sends back: heads through the filters, bytes,
 * the end, or the gateway's own answer for a reason.
 */
#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "shm/histo_own.h"
#include "shm/registry.h"
#include "worker/flow/audited.h"
#include "worker/flow/debug.h"
#include "worker/flow/grpc.h"
#include "worker/flow/kept.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/reply.h"
#include "worker/flow/req.h"
#include "worker/flow/sink.h"
#include "worker/flow/steps.h"
#include "worker/flow/upgrade.h"

bool
req_blocked(const struct req *q)
{
	return q->owner->queued((struct req *)(uintptr_t)q) != 0;
}

void
req_answer_interim(struct req *q, struct head *h)
{
	if (q->state == REQ_ANSWERING || q->head.version == HTTP_1_0)
		return;
	q->continued = q->continued || h->status == 100;
	if (!stream_head(q->stream, h, false))
		req_end(q, WHY_OVERLOADED, true);
	else
		q->owner->flush(q);
}

/* Appends a field that the answer lacks. */
static void
answer_add(struct head *h, uint32_t room, enum field_id id, struct slice value)
{
	if (!head_has(h, id) && h->count < room)
		head_add(h, id, value);
}

/* Where it is counted comes nearer. */
static void
answer_prefetch(struct req *q)
{
	const struct region *r = q->env->region;

	q->plan.histo =
	    histo_own_row(r, HISTO_REQUEST, q->plan.row, q->plan.service);
	histo_prefetch(
	    r, q->env->slot, HISTO_REQUEST, q->plan.histo, q->plan.service);
}

void
req_answer_head(struct req *q, struct head *h, uint32_t room, bool end)
{
	MUST(q->state == REQ_ROUTING || q->state == REQ_HANDLED);
	answer_prefetch(q);
	answer_add(h, room, FIELD_X_REQUEST_ID, q->request_id);
	/* RFC 9110 6.6.1: also where the upstream has no clock. */
	answer_add(h, room, FIELD_DATE, env_date(q->env));
	h->room = room;
	if (q->steps != NULL)
		steps_close(q);
	pipeline_answer(q, h);
	kept_take(q, h);
	if (q->grpc != GRPC_NONE)
		grpc_hear(q, h);
	if (q->steps != NULL)
		debug_answer(q, h);
	if (arena_failed(&q->arena)) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	h->close = h->close || q->env->draining;
	q->status = h->status;
	q->head_us = mono_diff_us(clock_now(), q->began);
	if (q->head_us == 0)
		q->head_us = 1;
	req_set_state(q, REQ_ANSWERING);
	if (!stream_head(q->stream, h, end)) {
		req_end(q, WHY_OVERLOADED, true);
		return;
	}
	req_unpin(q);
	if (end)
		req_end(q, q->why, false);
}

void
req_answer_switch(struct req *q, struct head *h, uint32_t room)
{
	struct stream *s = q->stream;

	upgrade_answer(q, h, room);
	q->head.body = BODY_STREAM;
	q->request_done = false;
	q->plan.body_us = 0;
	q->plan.body_bytes = UINT64_MAX;
	q->switched_us = mono_diff_us(clock_now(), q->began);
	req_answer_head(q, h, room, false);
	if (s->user == q)
		q->owner->switched(q);
}

/* ---- the answer's body ---- */

static void
answer_send(struct req *q, struct slice bytes)
{
	q->bytes_out += bytes.n;
	stream_data(q->stream, bytes);
}

static void
answer_send_end(struct req *q, const struct head *trailers)
{
	if (trailers != NULL && trailers->count != 0 && !req_takes_trailers(q))
		trailers = NULL;
	stream_end(q->stream, trailers);
}

static enum why
down_data(struct sink *s, struct slice bytes)
{
	answer_send(s->req, bytes);
	return WHY_OK;
}

static enum why
down_end(struct sink *s, const struct head *trailers)
{
	answer_send_end(s->req, trailers);
	return WHY_OK;
}

bool
req_change_down(struct req *q, struct sink *s)
{
	static const struct sink_ops last = { down_data, down_end };

	return sink_append(q, &q->body_down, s, &last);
}

void
req_answer_data(struct req *q, struct slice bytes)
{
	if (q->body_down != NULL)
		(void)sink_data(q->body_down, bytes); /* its end tells */
	else
		answer_send(q, bytes);
}

struct io_pass
req_answer_passes(struct req *q)
{
	if (q->body_down != NULL || q->owner->passes == NULL)
		return IO_PASS_NONE;
	return q->owner->passes(q);
}

void
req_answer_passed(struct req *q, size_t n)
{
	q->bytes_out += n;
	q->owner->passed(q, n);
}

bool
req_takes_trailers(const struct req *q)
{
	switch ((enum http_version)q->head.version) {
	case HTTP_1_0:
		return false;
	case HTTP_1_1:
		return head_has(&q->head, FIELD_TE) &&
		    head_lists(&q->head, FIELD_TE, SLICE_LIT("trailers"));
	case HTTP_2:
		break;
	}
	return true;
}

void
req_answer_end(struct req *q, const struct head *trailers)
{
	enum why why = WHY_OK;

	if (q->grpc != GRPC_NONE && trailers != NULL)
		grpc_hear(q, trailers);
	if (q->body_down != NULL)
		why = sink_end(q->body_down, trailers);
	else
		answer_send_end(q, trailers);
	if (why != WHY_OK)
		req_end(q, why, true);
	else
		req_end(q, q->why, false);
}

void
req_fail_with(
    struct req *q, enum why why, const char *detail, const struct field *extra)
{
	if (q->state == REQ_ANSWERING || why_table[why].status == 0) {
		req_end(q, why, true);
		return;
	}
	if (q->handler != NULL && q->handler->fails != NULL &&
	    q->handler->fails(q, why))
		return;
	if (audited_refusal(q, why) != why) {
		why = WHY_AUDIT_FULL;
		detail = NULL;
		extra = NULL;
	}
	q->why = (uint8_t)why;
	if (q->handler != NULL) {
		q->handler->abort(q);
		q->handler = NULL;
	}
	if (q->grpc != GRPC_NONE)
		grpc_answer(q, why, detail, extra);
	else
		reply_problem(q, why, detail, extra);
}

void
req_fail(struct req *q, enum why why)
{
	req_fail_with(q, why, NULL, NULL);
}
