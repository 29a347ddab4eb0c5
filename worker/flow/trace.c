/*
 * trace.c - see trace.h.
 */
#include "worker/flow/trace.h"

#include "common/base/hex.h"
#include "worker/flow/req.h"

void
trace_make_span(struct env *e, uint8_t id[TRACE_SPAN_BYTES])
{
	uint64_t random;

	do
		random = random_word(&e->random);
	while (random == 0);
	memcpy(id, &random, TRACE_SPAN_BYTES);
}

void
trace_make_id(struct env *e, uint8_t id[TRACE_ID_BYTES])
{
	struct random_pair random;

	do
		random = random_pair(&e->random);
	while (random.first == 0 || random.second == 0);
	memcpy(id, &random, TRACE_ID_BYTES);
}

void
trace_call(struct req *q, struct req_try *call)
{
	struct trace_texts *t = q->trace->texts;
	uint8_t id[TRACE_SPAN_BYTES];

	trace_make_span(q->env, id);
	hex_write(id, sizeof(id), t->parent + TRACE_PARENT_SPAN);
	memcpy(t->b3 + TRACE_B3_SPAN, t->parent + TRACE_PARENT_SPAN,
	    sizeof(id) * 2);
	if (call != NULL)
		memcpy(call->span_id, id, sizeof(id));
}

/* Of the gateway or of what is behind it, not of its client. */
static bool
trace_failed(const struct req *q)
{
	enum why_fault fault = why_table[q->why].fault;

	return q->status >= 500 || fault == FAULT_UPSTREAM ||
	    fault == FAULT_GATEWAY;
}

bool
trace_is_exported(const struct req *q)
{
	const struct trace *t = q->trace;

	if (!t->exported)
		return false;
	return (t->flags & TRACE_SAMPLED) != 0 ||
	    (t->errors && trace_failed(q)) ||
	    (t->slow_us != 0 && req_took_us(q) >= t->slow_us);
}

/* The trace is the client's business alone, but it is one; false: it is none.
 */
static __attribute__((noinline)) bool
trace_record_client(const struct req *q, struct record_request *to)
{
	struct trace_context c;

	if (!trace_read_w3c(&q->head, &c))
		return false;
	memcpy(to->trace_id, c.trace_id, sizeof(to->trace_id));
	memcpy(to->parent_id, c.parent_id, sizeof(to->parent_id));
	to->trace_flags = c.flags;
	to->flags |= RECORD_PARENT;
	return true;
}

static void
trace_record_bare(const struct req *q, struct record_request *to)
{
	memset(to->span_id, 0, sizeof(to->span_id));
	if (head_has(&q->head, FIELD_TRACEPARENT) && trace_record_client(q, to))
		return;
	memset(to->trace_id, 0, sizeof(to->trace_id));
	memset(to->parent_id, 0, sizeof(to->parent_id));
	to->trace_flags = 0;
}

void
trace_record(const struct req *q, struct record_request *to)
{
	const struct trace *t = q->trace;

	if (t == NULL) {
		trace_record_bare(q, to);
		return;
	}
	memcpy(to->trace_id, t->trace_id, sizeof(to->trace_id));
	memcpy(to->span_id, t->span_id, sizeof(to->span_id));
	memcpy(to->parent_id, t->parent_id, sizeof(to->parent_id));
	to->trace_flags = t->flags;
	if (trace_has_id(t->parent_id, TRACE_SPAN_BYTES))
		to->flags |= RECORD_PARENT;
	if (trace_is_exported(q))
		to->flags |= RECORD_SAMPLED;
}
