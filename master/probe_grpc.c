/*
 * probe_grpc.c - what an answer of grpc.health.v1 is worth: a status of HTTP,
 * one of gRPC, and one of health, in this order. See probe_state.h.
 *
 * grpc-status is a trailer; but in an answer without a message it may stand in
 * its only head.
 */
#include "master/grpc_health.h"
#include "master/probe_state.h"

#define GRPC_NO_STATUS UINT32_MAX

/* The value of grpc-status among these fields, or GRPC_NO_STATUS. */
static uint32_t
grpc_status(const struct head *h)
{
	const struct field *f = head_find_name(h, SLICE_LIT("grpc-status"));
	uint32_t code;

	return f != NULL && grpc_status_read(f->value, &code) ? code
							      : GRPC_NO_STATUS;
}

/* "application/grpc", "application/grpc+proto". */
static bool
grpc_is_answer(const struct head *h)
{
	const struct field *f = head_find(h, FIELD_CONTENT_TYPE);
	struct slice want = SLICE_LIT("application/grpc");

	return f != NULL && f->value.n >= want.n &&
	    slice_eq_nocase(slice_make(f->value.p, want.n), want);
}

static void
grpc_head(struct stream *s, const struct head *h)
{
	struct probe *p = probe_of(s);

	if (p == NULL || h->status < 200)
		return;
	if (h->status != 200)
		probe_bad(p, CAUSE_PROBE_STATUS, h->status);
	else if (!grpc_is_answer(h))
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else
		p->grpc_status = grpc_status(h);
}

static void
grpc_data(struct stream *s, struct slice bytes)
{
	struct probe *p = probe_of(s);

	if (p == NULL)
		return;
	if (bytes.n > GRPC_HEALTH_BODY_MAX - p->body.n)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else
		text_add(&p->body, bytes);
}

static void
grpc_judge(struct probe *p, uint32_t code)
{
	uint32_t health = GRPC_HEALTH_UNKNOWN;

	if (code == 0 && !grpc_health_read(text_slice(&p->body), &health))
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else if (code == 0 && health == GRPC_HEALTH_SERVING)
		probe_good(p);
	else
		probe_bad(
		    p, CAUSE_PROBE_GRPC, grpc_health_detail(code, health));
}

static void
grpc_end(struct stream *s, const struct head *trailers)
{
	struct probe *p = probe_of(s);
	uint32_t code;

	if (p == NULL)
		return;
	code = grpc_status(trailers);
	if (code == GRPC_NO_STATUS && p->body.n == 0)
		code = p->grpc_status;
	if (code == GRPC_NO_STATUS)
		probe_bad(p, CAUSE_PROBE_BROKEN, 0);
	else
		grpc_judge(p, code);
}

const struct codec_events probe_grpc_events = {
	.head = grpc_head,
	.data = grpc_data,
	.end = grpc_end,
	.error = probe_unread,
};
