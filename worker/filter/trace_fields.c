/*
 * trace_fields.c - see trace_fields.h.
 *
 *	traceparent:  00-TRACE-SPAN-01
 *	b3:           TRACE-SPAN-1-PARENT
 *	X-B3-TraceId: TRACE, X-B3-SpanId: SPAN, ... point into the same texts
 */
#include "worker/filter/trace_fields.h"

#include "common/base/hex.h"
#include "worker/filter/correlation.h"
#include "worker/flow/trace.h"

#define TRACE_FIELDS_MAX 9u /* with the correlation id */

void
trace_take_out(struct req *q,
    bool (*is)(const struct field *f, const void *what), const void *what)
{
	struct head *up = &q->up;
	uint32_t kept = 0;

	for (uint32_t i = 0; i < up->count; i++) {
		if (is(&up->fields[i], what))
			continue;
		if (kept != i)
			up->fields[kept] = up->fields[i];
		kept++;
	}
	up->count = kept;
}

#define TRACE_W3C_FIELDS \
	(UINT64_C(1) << FIELD_TRACEPARENT | UINT64_C(1) << FIELD_TRACESTATE)

uint64_t
trace_fields_told(const struct req *q)
{
	uint32_t propagate = q->image->telemetry.tracing.propagate;

	return (propagate & IMG_TRACE_W3C) != 0 ? TRACE_W3C_FIELDS : 0;
}

/* The client's were not taken; the correlation id may have such a name. */
static void
trace_clear_w3c(struct head *up)
{
	uint32_t kept = 0;

	if ((up->present & TRACE_W3C_FIELDS) == 0)
		return;
	for (uint32_t i = 0; i < up->count; i++) {
		if ((TRACE_W3C_FIELDS >> up->fields[i].id & 1) != 0)
			continue;
		if (kept != i)
			up->fields[kept] = up->fields[i];
		kept++;
	}
	up->count = kept;
	up->present &= ~TRACE_W3C_FIELDS;
}

static bool
trace_is_b3_of(const struct field *f, const void *what)
{
	const uint32_t *propagate = what;

	return f->id == FIELD_OTHER &&
	    (((*propagate & IMG_TRACE_B3) != 0 && trace_is_b3(f->name)) ||
		((*propagate & IMG_TRACE_B3_MULTI) != 0 &&
		    trace_is_b3_multi(f->name)));
}

static void
trace_clear(struct req *q, uint32_t propagate)
{
	if ((propagate & IMG_TRACE_W3C) != 0)
		trace_clear_w3c(&q->up);
	if ((propagate & (IMG_TRACE_B3 | IMG_TRACE_B3_MULTI)) != 0)
		trace_take_out(q, trace_is_b3_of, &propagate);
}

/* ---- texts ---- */

/* Of the request's span, until there is one of a call (trace_call). */
static void
trace_write_w3c(struct trace *t)
{
	char *p = t->texts->parent;

	memcpy(p, "00-", 3);
	hex_write(t->trace_id, TRACE_ID_BYTES, p + 3);
	p[35] = '-';
	hex_write(t->span_id, TRACE_SPAN_BYTES, p + TRACE_PARENT_SPAN);
	p[52] = '-';
	hex_write(&t->flags, 1, p + 53);
}

static char
trace_state_char(const struct trace *t)
{
	if (t->debug)
		return 'd';
	return (t->flags & TRACE_SAMPLED) != 0 ? '1' : '0';
}

static void
trace_write_b3(struct trace *t)
{
	char *p = t->texts->b3;

	memcpy(p, t->texts->parent + 3, 50);
	p[50] = trace_state_char(t);
	p[51] = '-';
	hex_write(t->span_id, TRACE_SPAN_BYTES, p + 52);
}

/* ---- fields ---- */

static void
trace_add(struct head *up, struct slice name, const char *text, size_t n)
{
	up->fields[up->count++] =
	    (struct field){ .name = name, .value = slice_make(text, n) };
}

static void
trace_add_multi(struct head *up, const struct trace *t)
{
	const char *p = t->texts->b3;

	trace_add(up, SLICE_LIT("X-B3-TraceId"), p, 32);
	trace_add(up, SLICE_LIT("X-B3-SpanId"), p + TRACE_B3_SPAN, 16);
	trace_add(up, SLICE_LIT("X-B3-ParentSpanId"), p + 52, 16);
	if (t->debug)
		trace_add(up, SLICE_LIT("X-B3-Flags"), "1", 1);
	else
		trace_add(up, SLICE_LIT("X-B3-Sampled"), p + 50, 1);
}

void
trace_tell(struct req *q)
{
	const struct img_tracing *rule = &q->image->telemetry.tracing;
	uint32_t propagate = rule->propagate;
	struct trace *t = q->trace;
	struct head *up = &q->up;

	t->texts = arena_alloc(&q->arena, sizeof(*t->texts));
	if (t->texts == NULL || !req_reserve_up(q, TRACE_FIELDS_MAX))
		return;
	if (t->correlation.n != 0)
		correlation_tell(q, rule);
	trace_write_w3c(t);
	if ((propagate & (IMG_TRACE_B3 | IMG_TRACE_B3_MULTI)) != 0)
		trace_write_b3(t);
	trace_clear(q, propagate);
	if ((propagate & IMG_TRACE_W3C) != 0) {
		head_add(up, FIELD_TRACEPARENT,
		    slice_make(t->texts->parent, TRACE_PARENT_TEXT));
		if (t->tracestate.n != 0)
			head_add(up, FIELD_TRACESTATE, t->tracestate);
	}
	if ((propagate & IMG_TRACE_B3) != 0)
		trace_add(up, SLICE_LIT("b3"), t->texts->b3, TRACE_B3_TEXT);
	if ((propagate & IMG_TRACE_B3_MULTI) != 0)
		trace_add_multi(up, t);
}
