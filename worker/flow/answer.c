/*
 * answer.c - what a request sends back: heads through the filters, bytes,
 * the end, or the gateway's own answer for a reason.
 */
#include "common/base/must.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/reply.h"
#include "worker/flow/req.h"

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
	if (!stream_head(q->stream, h, false))
		req_end(q, WHY_OVERLOADED, true);
	else
		q->owner->flush(q);
}

/* Appends X-Request-ID unless the upstream's answer has one. */
static void
answer_add_id(struct req *q, struct head *h, uint32_t room)
{
	if (head_has(h, FIELD_X_REQUEST_ID) || h->count >= room)
		return;
	h->fields[h->count++] = (struct field){
		.name = SLICE_LIT("X-Request-ID"),
		.value = q->request_id,
		.id = FIELD_X_REQUEST_ID,
	};
	h->present |= UINT64_C(1) << FIELD_X_REQUEST_ID;
}

void
req_answer_head(struct req *q, struct head *h, uint32_t room, bool end)
{
	MUST(q->state == REQ_ROUTING || q->state == REQ_HANDLED);
	answer_add_id(q, h, room);
	pipeline_answer(q, h);
	h->close = h->close || q->env->draining;
	q->status = h->status;
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
req_answer_data(struct req *q, struct slice bytes)
{
	q->bytes_out += bytes.n;
	stream_data(q->stream, bytes);
}

void
req_answer_end(struct req *q, const struct head *trailers)
{
	stream_end(q->stream, trailers);
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
	if (q->handler != NULL) {
		q->handler->abort(q);
		q->handler = NULL;
	}
	q->why = (uint8_t)why;
	reply_problem(q, why, detail, extra);
}

void
req_fail(struct req *q, enum why why)
{
	req_fail_with(q, why, NULL, NULL);
}
