/*
 * otlp_json.c - see otlp_encoding.h. The mapping is OTLP's own: ids are hex, a
 * number of 64 bits is a string, one of an enum a number.
 */
#include "tools/otlp_encoding.h"

#include <stdlib.h>

#include "common/base/hex.h"
#include "common/base/json.h"
#include "common/base/json_read.h"

#define STATUS_ERROR 2u
#define DIGITS 20

static void
json_add_id(struct json *j, const char *key, const uint8_t *id, size_t n)
{
	char text[32];

	hex_write(id, n, text);
	json_add_string(j, key, slice_make(text, 2 * n));
}

static void
json_add_number(struct json *j, const char *key, int64_t number)
{
	char digits[DIGITS + 2];
	struct text t;

	text_init_fixed(&t, digits, sizeof(digits));
	if (number < 0)
		text_add_char(&t, '-');
	text_add_u64(&t, number < 0 ? -(uint64_t)number : (uint64_t)number);
	json_add_string(j, key, text_slice(&t));
}

static void
json_add_attr(struct json *j, const struct otlp_attr *a)
{
	json_object_begin(j, NULL);
	json_add_string(j, "key", a->key);
	json_object_begin(j, "value");
	switch (a->type) {
	case OTLP_TEXT:
		json_add_string(j, "stringValue", a->text);
		break;
	case OTLP_BOOL:
		json_add_bool(j, "boolValue", a->number != 0);
		break;
	case OTLP_NUMBER:
		json_add_number(j, "intValue", a->number);
		break;
	}
	json_object_end(j);
	json_object_end(j);
}

static void
json_add_attrs(struct json *j, const struct otlp_attr *attr, uint32_t attrs)
{
	json_array_begin(j, "attributes");
	for (uint32_t i = 0; i < attrs; i++)
		json_add_attr(j, &attr[i]);
	json_array_end(j);
}

static void
json_add_event(struct json *j, uint64_t at_ns, struct slice name)
{
	json_array_begin(j, "events");
	json_object_begin(j, NULL);
	json_add_number(j, "timeUnixNano", (int64_t)at_ns);
	json_add_string(j, "name", name);
	json_object_end(j);
	json_array_end(j);
}

static void
json_add_status(struct json *j, struct slice error)
{
	json_object_begin(j, "status");
	if (error.n != 0)
		json_add_string(j, "message", error);
	json_add_uint(j, "code", STATUS_ERROR);
	json_object_end(j);
}

static void
json_add_ids(struct json *j, const struct otlp_span *s)
{
	static const uint8_t none[sizeof(s->parent_id)];

	json_add_id(j, "traceId", s->trace_id, 16);
	json_add_id(j, "spanId", s->id, sizeof(s->id));
	if (memcmp(s->parent_id, none, sizeof(none)) != 0)
		json_add_id(
		    j, "parentSpanId", s->parent_id, sizeof(s->parent_id));
	if (s->tracestate.n != 0)
		json_add_string(j, "traceState", s->tracestate);
}

static void
json_span(struct text *out, const struct otlp_span *s)
{
	struct json j;

	json_init(&j, out);
	j.comma = out->n != 0;
	json_object_begin(&j, NULL);
	json_add_ids(&j, s);
	json_add_uint(&j, "flags", s->flags);
	json_add_string(&j, "name", s->name);
	json_add_uint(&j, "kind", s->kind);
	json_add_number(&j, "startTimeUnixNano", (int64_t)s->start_ns);
	json_add_number(&j, "endTimeUnixNano", (int64_t)s->end_ns);
	json_add_attrs(&j, s->attr, s->attrs);
	if (s->connected_ns != 0)
		json_add_event(&j, s->connected_ns, SLICE_LIT("connected"));
	if (s->failed)
		json_add_status(&j, s->error);
	json_object_end(&j);
}

static void
json_body(struct text *out, const struct otlp_resource *r, struct slice spans)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "resourceSpans");
	json_object_begin(&j, NULL);
	json_object_begin(&j, "resource");
	json_add_attrs(&j, r->attr, r->attrs);
	json_object_end(&j);
	json_array_begin(&j, "scopeSpans");
	json_object_begin(&j, NULL);
	json_object_begin(&j, "scope");
	json_add_string(&j, "name", SLICE_LIT("penstock"));
	json_add_string(&j, "version", SLICE_LIT(PENSTOCK_VERSION));
	json_object_end(&j);
	json_array_begin(&j, "spans");
	text_add(out, spans);
	json_array_end(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
	json_array_end(&j);
	json_object_end(&j);
}

/* ---- the answer ---- */

/* A string of digits, or, of some receivers, a number. */
static uint64_t
json_rejected(const struct json_value *v)
{
	char digits[DIGITS + 1] = "";
	struct slice s = v->text;

	if (v->kind == JSON_VALUE_STRING && !v->escaped)
		s = slice_make(s.p + 1, s.n - 2);
	if (s.n == 0 || s.n >= sizeof(digits) || s.p[0] < '0' || s.p[0] > '9')
		return 0;
	memcpy(digits, s.p, s.n);
	return strtoull(digits, NULL, 10);
}

static void
json_partial(const struct json_value *partial, struct otlp_answer *a)
{
	struct json_value v;
	char *room;

	if (json_read_member(partial, SLICE_LIT("rejectedSpans"), &v))
		a->rejected = json_rejected(&v);
	if (!json_read_member(partial, SLICE_LIT("errorMessage"), &v) ||
	    v.kind != JSON_VALUE_STRING)
		return;
	room = malloc(v.text.n);
	if (room == NULL)
		return;
	otlp_answer_set(a, json_read_string(&v, room));
	free(room);
}

static bool
json_answer(struct slice body, struct otlp_answer *a)
{
	struct json_value v, partial;

	*a = (struct otlp_answer){ 0 };
	if (body.n == 0)
		return true;
	if (!json_read_check(body, &v) || v.kind != JSON_VALUE_OBJECT)
		return false;
	if (json_read_member(&v, SLICE_LIT("partialSuccess"), &partial) &&
	    partial.kind == JSON_VALUE_OBJECT)
		json_partial(&partial, a);
	return true;
}

const struct otlp_encoding otlp_json = {
	.content_type = "application/json",
	.span = json_span,
	.body = json_body,
	.answer = json_answer,
};

void
otlp_answer_set(struct otlp_answer *a, struct slice text)
{
	size_t n =
	    text.n < sizeof(a->message) ? text.n : sizeof(a->message) - 1;

	for (size_t i = 0; i < n; i++)
		a->message[i] =
		    (char)(text.p[i] < ' ' || text.p[i] > '~' ? '?'
							      : text.p[i]);
	a->message[n] = '\0';
}
