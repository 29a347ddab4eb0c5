/*
 * line_field.c - the values of a line, one at a time.
 */
#include "tools/line_value.h"

struct slice
line_number(struct line *l, uint64_t number)
{
	return slice_make(
	    l->value, (size_t)(text_put_u64(l->value, number) - l->value));
}

struct slice
line_shown(
    struct line_format *f, const struct record_view *v, enum record_text t)
{
	struct line l = { .f = f, .v = v };

	switch (t) {
	case RECORD_ROUTE:
	case RECORD_SERVICE:
	case RECORD_ID:
	case RECORD_AUTHENTICATOR:
	case RECORD_LIMIT:
		return record_text(v, t);
	case RECORD_METHOD:
		return line_value_method(&l);
	case RECORD_PATH:
		return line_path(&l);
	case RECORD_CORRELATION:
		return line_correlation(&l);
	case RECORD_USER:
	case RECORD_TENANT:
	case RECORD_HOST:
		return line_text(&l, t);
	case RECORD_QUERY:
	case RECORD_REFERER:
	case RECORD_AGENT:
	case RECORD_TRACESTATE:
	case RECORD_TEXTS:
		break;
	}
	return SLICE_NONE;
}

struct slice
line_field(struct line *l, enum log_field field)
{
	const char *end = line_value_put(l, field, l->value);

	return end != NULL ? slice_make(l->value, (size_t)(end - l->value))
			   : line_value_text(l, field);
}
