/*
 * otlp_proto.c - see otlp_encoding.h; numbers of fields are those of
 * opentelemetry/proto/{collector/trace,trace,common,resource}/v1.
 */
#include "tools/otlp_encoding.h"

#include "tools/otlp_wire.h"

#define STATUS_ERROR 2u

/* AnyValue */
static char *
proto_value(char *to, const struct otlp_attr *a)
{
	char *value = to = wire_open(to, 2);

	switch (a->type) {
	case OTLP_TEXT:
		to = wire_put_string(to, 1, a->text);
		break;
	case OTLP_BOOL:
		to = wire_put_uint(to, 2, a->number != 0);
		break;
	case OTLP_NUMBER:
		to = wire_put_uint(to, 3, (uint64_t)a->number);
		break;
	}
	return wire_close(value, to);
}

/* KeyValue */
static char *
proto_attr(char *to, uint32_t field, const struct otlp_attr *a)
{
	char *pair = to = wire_open(to, field);

	to = wire_put_string(to, 1, a->key);
	to = proto_value(to, a);
	return wire_close(pair, to);
}

/* What that may need, at most. */
static size_t
proto_attrs_room(const struct otlp_attr *attr, uint32_t attrs)
{
	size_t n = 0;

	for (uint32_t i = 0; i < attrs; i++)
		n += 3 * (attr[i].key.n + attr[i].text.n) + 4 * WIRE_HEAD;
	return n;
}

static char *
proto_event(char *to, uint64_t at_ns, struct slice name)
{
	char *event = to = wire_open(to, 11);

	to = wire_put_fixed64(to, 1, at_ns);
	to = wire_put_string(to, 2, name);
	return wire_close(event, to);
}

static char *
proto_status(char *to, struct slice error)
{
	char *status = to = wire_open(to, 15);

	if (error.n != 0)
		to = wire_put_string(to, 2, error);
	to = wire_put_uint(to, 3, STATUS_ERROR);
	return wire_close(status, to);
}

static bool
proto_has_parent(const struct otlp_span *s)
{
	static const uint8_t none[sizeof(s->parent_id)];

	return memcmp(s->parent_id, none, sizeof(none)) != 0;
}

static char *
proto_ids(char *to, const struct otlp_span *s)
{
	to = wire_put_bytes(to, 1, slice_make((const char *)s->trace_id, 16));
	to = wire_put_bytes(to, 2, slice_make((const char *)s->id, 8));
	if (s->tracestate.n != 0)
		to = wire_put_string(to, 3, s->tracestate);
	if (proto_has_parent(s))
		to = wire_put_bytes(
		    to, 4, slice_make((const char *)s->parent_id, 8));
	return to;
}

/* All but its attributes. */
static size_t
proto_span_room(const struct otlp_span *s)
{
	return 3 * (s->tracestate.n + s->name.n + s->error.n) + 32 * WIRE_HEAD;
}

/* Span, in ScopeSpans */
static void
proto_span(struct text *out, const struct otlp_span *s)
{
	char *to = text_reserve(
	    out, proto_span_room(s) + proto_attrs_room(s->attr, s->attrs));
	char *span = to = wire_open(to, 2);

	to = proto_ids(to, s);
	to = wire_put_string(to, 5, s->name);
	to = wire_put_uint(to, 6, s->kind);
	to = wire_put_fixed64(to, 7, s->start_ns);
	to = wire_put_fixed64(to, 8, s->end_ns);
	for (uint32_t i = 0; i < s->attrs; i++)
		to = proto_attr(to, 9, &s->attr[i]);
	if (s->connected_ns != 0)
		to = proto_event(to, s->connected_ns, SLICE_LIT("connected"));
	if (s->failed)
		to = proto_status(to, s->error);
	to = wire_put_fixed32(to, 16, s->flags);
	out->n = (size_t)(wire_close(span, to) - out->p);
}

/* Resource, in ResourceSpans */
static void
proto_resource(struct text *out, const struct otlp_resource *r)
{
	char *to =
	    text_reserve(out, proto_attrs_room(r->attr, r->attrs) + WIRE_HEAD);
	char *resource = to = wire_open(to, 1);

	for (uint32_t i = 0; i < r->attrs; i++)
		to = proto_attr(to, 1, &r->attr[i]);
	out->n = (size_t)(wire_close(resource, to) - out->p);
}

/* InstrumentationScope, in ScopeSpans */
static char *
proto_scope(char *to)
{
	char *scope = to = wire_open(to, 1);

	to = wire_put_string(to, 1, SLICE_LIT("penstock"));
	to = wire_put_string(to, 2, SLICE_LIT(PENSTOCK_VERSION));
	return wire_close(scope, to);
}

/* ExportTraceServiceRequest: what is within has to be known before it. */
static void
proto_body(struct text *out, const struct otlp_resource *r, struct slice spans)
{
	char scope[4 * WIRE_HEAD + sizeof(PENSTOCK_VERSION)];
	char spans_head[WIRE_HEAD], *to;
	size_t scope_n = (size_t)(proto_scope(scope) - scope);
	size_t head_n =
	    (size_t)(wire_put_head(spans_head, 2, scope_n + spans.n) -
		spans_head);
	struct text resource;

	text_init(&resource);
	proto_resource(&resource, r);
	to = text_reserve(out, WIRE_HEAD);
	to = wire_put_head(to, 1, resource.n + head_n + scope_n + spans.n);
	out->n = (size_t)(to - out->p);
	text_add(out, text_slice(&resource));
	text_add(out, slice_make(spans_head, head_n));
	text_add(out, slice_make(scope, scope_n));
	text_add(out, spans);
	text_fini(&resource);
}

/* ---- the answer ---- */

/* ExportTracePartialSuccess */
static bool
proto_partial(struct slice message, struct otlp_answer *a)
{
	struct wire_field f;

	while (wire_next(&message, &f)) {
		if (f.number == 1 && !f.is_bytes)
			a->rejected = f.value;
		else if (f.number == 2 && f.is_bytes)
			otlp_answer_set(a, f.bytes);
	}
	return message.n == 0;
}

/* ExportTraceServiceResponse */
static bool
proto_answer(struct slice body, struct otlp_answer *a)
{
	struct wire_field f;

	*a = (struct otlp_answer){ 0 };
	while (wire_next(&body, &f))
		if (f.number == 1 && f.is_bytes && !proto_partial(f.bytes, a))
			return false;
	return body.n == 0;
}

const struct otlp_encoding otlp_proto = {
	.content_type = "application/x-protobuf",
	.span = proto_span,
	.body = proto_body,
	.answer = proto_answer,
};
