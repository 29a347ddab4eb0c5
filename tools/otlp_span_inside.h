/*
 * otlp_span_inside.h - spans in the making, for their rooms:
 *
 *	otlp_span.c       the request
 *	otlp_span_call.c  its calls, and its filters
 *	otlp_span_text.c  what all are made of
 */
#ifndef TOOLS_OTLP_SPAN_INSIDE_H
#define TOOLS_OTLP_SPAN_INSIDE_H

#include "tools/otlp_span.h"

/* Flag of a span, beside those of W3C: it knows where its parent is. */
#define KNOWS_REMOTE 0x100u

#define KEY(text) SLICE_LIT(text)

/* ---- otlp_span_text.c ---- */

/* To be filled in; one more than there is room for goes nowhere. */
struct otlp_attr *
otlp_attr_new(struct otlp_span *s, struct slice key, enum otlp_type type);
/* Nothing where there is nothing to say. */
void otlp_attr_text(struct otlp_span *s, struct slice key, struct slice text);
void otlp_attr_number(struct otlp_span *s, struct slice key, uint64_t number);
/* A text that a client has made up. */
void otlp_attr_masked(struct otlp_span *s, struct slice key, struct slice text,
    const struct otlp_known *known);
void otlp_attr_method(struct otlp_span *s, const struct record_view *v);

/* A text that lives as long as what the span is now. */
struct slice otlp_span_printf(struct otlp_span *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
struct slice otlp_span_address(struct otlp_span *s, const struct addr *a);

struct slice otlp_method_text(const struct record_view *v);
struct slice otlp_reason_word(uint16_t why);
/* It is the gateway's fault, or that of what is behind it. */
bool otlp_reason_is_grave(uint16_t why);

/* ---- otlp_span_call.c ---- */

/* Those that were sent to somebody, and have a span. */
uint32_t otlp_call_count(const struct record_view *v);
const struct record_attempt *
otlp_call_at(const struct record_view *v, uint32_t number);
void otlp_span_of_call(
    struct otlp_span *s, const struct record_view *v, uint32_t number);

bool otlp_step_is_costly(const struct record_step *step);
/* `number` among all steps. */
void otlp_span_of_step(
    struct otlp_span *s, const struct record_view *v, uint32_t number);

#endif
