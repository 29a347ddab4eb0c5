/*
 * otlp_span_text.c - what spans of every kind are made of: attributes, texts,
 * the names of what records have as numbers.
 */
#include "tools/otlp_span_inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/http/http.h"
#include "tools/line_why.h"

/* ---- names of what records have as numbers ---- */

struct slice
otlp_reason_word(uint16_t why)
{
	return line_why(why)->word;
}

bool
otlp_reason_is_grave(uint16_t why)
{
	enum line_fault fault = line_why(why)->fault;

	return fault == LINE_FAULT_UPSTREAM || fault == LINE_FAULT_GATEWAY;
}

/* As the conventions have it: a method that is not known is no name. */
struct slice
otlp_method_text(const struct record_view *v)
{
	struct slice name = http_method_name(v->request->method < METHOD_COUNT
		? (enum http_method)v->request->method
		: METHOD_OTHER);

	return name.n != 0 ? name : SLICE_LIT("_OTHER");
}

/* ---- attributes ---- */

struct otlp_attr *
otlp_attr_new(struct otlp_span *s, struct slice key, enum otlp_type type)
{
	static struct otlp_attr none;

	if (s->attrs == OTLP_ATTRS_MAX)
		return &none;
	s->attr[s->attrs] = (struct otlp_attr){ .key = key, .type = type };
	return &s->attr[s->attrs++];
}

/* Nothing where there is nothing to say. */
void
otlp_attr_text(struct otlp_span *s, struct slice key, struct slice text)
{
	if (text.n != 0)
		otlp_attr_new(s, key, OTLP_TEXT)->text = text;
}

void
otlp_attr_number(struct otlp_span *s, struct slice key, uint64_t number)
{
	otlp_attr_new(s, key, OTLP_NUMBER)->number = (int64_t)number;
}

/* ---- texts that are made up ---- */

struct slice __attribute__((format(printf, 2, 3)))
otlp_span_printf(struct otlp_span *s, const char *fmt, ...)
{
	char *to = s->room + s->used;
	size_t room = sizeof(s->room) - s->used;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(to, room, fmt, ap);
	va_end(ap);
	if (n <= 0)
		return SLICE_NONE;
	if ((size_t)n >= room)
		n = (int)room - 1;
	s->used += (size_t)n;
	return slice_make(to, (size_t)n);
}

struct slice
otlp_span_address(struct otlp_span *s, const struct addr *a)
{
	char text[ADDR_TEXT_MAX];
	size_t n = addr_ip_text(a, text);

	return otlp_span_printf(s, "%.*s", (int)n, text);
}

/* A text that a client has made up. */
void
otlp_attr_masked(struct otlp_span *s, struct slice key, struct slice text,
    const struct otlp_known *known)
{
	struct slice shown = mask_text(known->room, known->mask, text);

	if (shown.p != text.p)
		shown = otlp_span_printf(s, "%.*s", SLICE_FMT(shown));
	otlp_attr_text(s, key, shown);
}

void
otlp_attr_method(struct otlp_span *s, const struct record_view *v)
{
	struct slice method = otlp_method_text(v);

	otlp_attr_text(s, KEY("http.request.method"), method);
	if (slice_eq(method, SLICE_LIT("_OTHER")))
		otlp_attr_text(s, KEY("http.request.method_original"),
		    record_text(v, RECORD_METHOD));
}
