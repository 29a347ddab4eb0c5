/*
 * trace_b3.c - B3, the propagation of Zipkin; see trace_context.h.
 *
 *	b3: TRACE-SPAN[-STATE[-PARENT]]    or only STATE: 0, 1 or d (debug)
 *	X-B3-TraceId, X-B3-SpanId, X-B3-ParentSpanId, X-B3-Sampled, X-B3-Flags
 */
#include "worker/flow/trace_context.h"

#include "common/base/hex.h"

static bool
b3_said(struct slice state, struct trace_context *c)
{
	if (state.n != 1)
		return false;
	if (state.p[0] == 'd')
		c->said = TRACE_DEBUG;
	else if (state.p[0] == '1')
		c->said = TRACE_YES;
	else if (state.p[0] == '0')
		c->said = TRACE_NO;
	return c->said != TRACE_UNSAID;
}

static bool
b3_span_id(struct slice text, uint8_t id[TRACE_SPAN_BYTES])
{
	return hex_read_lower(text, id, TRACE_SPAN_BYTES) &&
	    trace_has_id(id, TRACE_SPAN_BYTES);
}

/* Those of 64 bits are the lower half of one. */
static bool
b3_trace_id(struct slice text, uint8_t id[TRACE_ID_BYTES])
{
	if (text.n == 2 * TRACE_SPAN_BYTES)
		return b3_span_id(text, id + TRACE_ID_BYTES - TRACE_SPAN_BYTES);
	return hex_read_lower(text, id, TRACE_ID_BYTES) &&
	    trace_has_id(id, TRACE_ID_BYTES);
}

static void
b3_finish(struct trace_context *c)
{
	c->flags = c->said >= TRACE_YES ? TRACE_SAMPLED : 0;
}

bool
trace_b3_parse(struct slice value, struct trace_context *c)
{
	uint8_t grandparent[TRACE_SPAN_BYTES];
	struct slice part;

	*c = (struct trace_context){ 0 };
	if (b3_said(value, c)) {
		b3_finish(c);
		return true;
	}
	if (value.n == 0 || value.p[value.n - 1] == '-' ||
	    !slice_cut(&value, '-', &part) || !b3_trace_id(part, c->trace_id) ||
	    !slice_cut(&value, '-', &part) || !b3_span_id(part, c->parent_id))
		return false;
	if (slice_cut(&value, '-', &part) && !b3_said(part, c))
		return false;
	if (value.n != 0 && !b3_span_id(value, grandparent))
		return false;
	b3_finish(c);
	return true;
}

bool
trace_is_b3(struct slice name)
{
	return name.n == 2 && ascii_lower(name.p[0]) == 'b' && name.p[1] == '3';
}

bool
trace_is_b3_multi(struct slice name)
{
	return name.n > 5 &&
	    slice_eq_nocase(slice_make(name.p, 5), SLICE_LIT("x-b3-"));
}

bool
trace_read_b3(const struct head *h, struct trace_context *c)
{
	const struct field *found = NULL;

	for (uint32_t i = 0; i < h->count; i++) {
		if (!trace_is_b3(h->fields[i].name))
			continue;
		if (found != NULL)
			return false;
		found = &h->fields[i];
	}
	return found != NULL && trace_b3_parse(found->value, c);
}

/* ---- in several fields ---- */

enum b3_field {
	B3_TRACE_ID,
	B3_SPAN_ID,
	B3_PARENT_ID,
	B3_SAMPLED,
	B3_FLAGS,
	B3_FIELDS
};

static enum b3_field
b3_field_find(struct slice name)
{
	static const struct slice names[B3_FIELDS] = {
		[B3_TRACE_ID] = { "traceid", 7 },
		[B3_SPAN_ID] = { "spanid", 6 },
		[B3_PARENT_ID] = { "parentspanid", 12 },
		[B3_SAMPLED] = { "sampled", 7 },
		[B3_FLAGS] = { "flags", 5 },
	};
	unsigned i = 0;

	name = slice_skip(name, 5);
	while (i < B3_FIELDS && !slice_eq_nocase(name, names[i]))
		i++;
	return (enum b3_field)i;
}

/* Empty ones are taken for none; false: one of them comes twice. */
static bool
b3_gather(const struct head *h, struct slice values[B3_FIELDS])
{
	for (uint32_t i = 0; i < h->count; i++) {
		const struct field *f = &h->fields[i];
		enum b3_field which;

		if (!trace_is_b3_multi(f->name))
			continue;
		which = b3_field_find(f->name);
		if (which == B3_FIELDS)
			continue;
		if (values[which].n != 0)
			return false;
		values[which] = f->value;
	}
	return true;
}

/* Older ones spelt the decision out. */
static bool
b3_sampled(struct slice v, struct trace_context *c)
{
	if (slice_eq_nocase(v, SLICE_LIT("true")))
		v = SLICE_LIT("1");
	else if (slice_eq_nocase(v, SLICE_LIT("false")))
		v = SLICE_LIT("0");
	return v.n == 0 || (v.p[0] != 'd' && b3_said(v, c));
}

bool
trace_read_b3_multi(const struct head *h, struct trace_context *c)
{
	struct slice values[B3_FIELDS] = { { NULL, 0 } };
	const struct slice *ids = values;

	*c = (struct trace_context){ 0 };
	if (!b3_gather(h, values) || !b3_sampled(values[B3_SAMPLED], c))
		return false;
	if (slice_eq(values[B3_FLAGS], SLICE_LIT("1")))
		c->said = TRACE_DEBUG;
	b3_finish(c);
	if (ids[B3_TRACE_ID].n == 0 && ids[B3_SPAN_ID].n == 0)
		return c->said != TRACE_UNSAID;
	return b3_trace_id(ids[B3_TRACE_ID], c->trace_id) &&
	    b3_span_id(ids[B3_SPAN_ID], c->parent_id);
}
