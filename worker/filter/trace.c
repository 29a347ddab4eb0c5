/*
 * trace.c - see trace.h.
 */
#include "worker/filter/trace.h"

#include "worker/filter/correlation.h"
#include "worker/flow/req.h"
#include "worker/flow/steps.h"
#include "worker/flow/trace.h"

/* The first format that has something to say: IMG_TRACE_*, or 0. */
static uint32_t
trace_read(uint32_t propagate, const struct head *h, struct trace_context *c)
{
	if ((propagate & IMG_TRACE_W3C) != 0 && trace_read_w3c(h, c))
		return IMG_TRACE_W3C;
	if ((propagate & IMG_TRACE_B3) != 0 && trace_read_b3(h, c))
		return IMG_TRACE_B3;
	if ((propagate & IMG_TRACE_B3_MULTI) != 0 && trace_read_b3_multi(h, c))
		return IMG_TRACE_B3_MULTI;
	*c = (struct trace_context){ 0 };
	return 0;
}

/*
 * All that see a trace decide alike: by the 32 bits of its id that begin those
 * which are random in every kind of id (Level 2, 5.2.2).
 */
static bool
trace_falls_in(const uint8_t id[TRACE_ID_BYTES], uint32_t sample)
{
	uint32_t random = (uint32_t)id[9] << 24 | (uint32_t)id[10] << 16 |
	    (uint32_t)id[11] << 8 | id[12];

	return sample == UINT32_MAX || ~random < sample;
}

static void
trace_begin(struct req *q, struct trace *t, const struct trace_context *c,
    uint32_t format)
{
	memcpy(t->parent_id, c->parent_id, TRACE_SPAN_BYTES);
	t->flags = c->flags & TRACE_RANDOM;
	t->tracestate = SLICE_NONE;
	if (trace_has_id(c->trace_id, TRACE_ID_BYTES)) {
		memcpy(t->trace_id, c->trace_id, TRACE_ID_BYTES);
		/* Beside another trace it is that of a traceparent which is
		 * wrong, or of somebody before who did not know it. */
		if (format == IMG_TRACE_W3C)
			t->tracestate = trace_read_state(&q->head, &q->arena);
	} else {
		trace_make_id(q->env, t->trace_id);
	}
	trace_make_span(q->env, t->span_id);
}

static void
trace_sample(const struct req *q, struct trace *t,
    const struct trace_context *c, const struct img_tracing *rule)
{
	bool sampled;

	t->debug = false;
	if (rule->parent != 0 && q->trusted && c->said != TRACE_UNSAID) {
		sampled = c->said >= TRACE_YES;
		t->debug = c->said == TRACE_DEBUG;
	} else {
		sampled = trace_falls_in(t->trace_id, rule->sample);
	}
	if (sampled)
		t->flags |= TRACE_SAMPLED;
}

enum verdict
trace_request(struct req *q)
{
	const struct img_tracing *rule = &q->image->telemetry.tracing;
	struct trace *t = arena_alloc(&q->arena, sizeof(*t));
	struct trace_context c;
	uint32_t format;

	if (t == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	format = trace_read(rule->propagate, &q->head, &c);
	t->exported = rule->endpoint.len != 0;
	t->errors = rule->errors != 0;
	t->slow_us = rule->slow_us;
	t->texts = NULL;
	trace_begin(q, t, &c, format);
	trace_sample(q, t, &c, rule);
	q->trace = t;
	t->correlation = correlation_choose(q, rule);
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	if (t->exported && (t->flags & TRACE_SAMPLED) != 0)
		steps_begin(q);
	return GO_ON;
}

void
trace_answer(struct req *q, struct head *h)
{
	if (q->trace != NULL && q->trace->correlation.n != 0)
		correlation_answer(q, h);
}
