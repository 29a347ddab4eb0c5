/*
 * line_value.h - where the value of each field of a line comes from: a text of
 * the record, or made of its numbers. For line_field.c, which is asked for one
 * field at a time, and for line_json.c, which writes all of them: there each
 * switch is about one case and costs nothing.
 */
#ifndef TOOLS_LINE_VALUE_H
#define TOOLS_LINE_VALUE_H

#include "common/base/hex.h"
#include "tools/line_inside.h"

#define LINE_VALUE_INLINE static inline __attribute__((always_inline))

/* Microseconds as milliseconds with three decimals. */
static inline char *
line_value_ms(char *to, uint64_t us)
{
	to = text_put_u64(to, us / 1000);
	*to++ = '.';
	return text_put_triple(to, (uint32_t)(us % 1000));
}

static inline char *
line_value_level(char *to, const struct record_view *v)
{
	switch (line_level(v)) {
	case LINE_ERROR:
		return slice_put(to, SLICE_LIT("error"));
	case LINE_WARNING:
		return slice_put(to, SLICE_LIT("warning"));
	case LINE_INFO:
		break;
	}
	return slice_put(to, SLICE_LIT("info"));
}

static inline char *
line_value_trace(char *to, const struct record_request *r)
{
	static const uint8_t none[sizeof(r->trace_id)];

	if (memcmp(r->trace_id, none, sizeof(none)) == 0)
		return to;
	hex_write(r->trace_id, sizeof(none), to);
	return to + 2 * sizeof(none);
}

static inline char *
line_value_protocol(char *to, const struct record_view *v)
{
	if (v->head->kind != RECORD_REQUEST)
		return to;
	switch ((enum http_version)v->request->version) {
	case HTTP_1_0:
		return slice_put(to, SLICE_LIT("HTTP/1.0"));
	case HTTP_1_1:
		return slice_put(to, SLICE_LIT("HTTP/1.1"));
	case HTTP_2:
		return slice_put(to, SLICE_LIT("HTTP/2.0"));
	}
	return to;
}

static inline char *
line_value_endpoint(char *to, const struct record_view *v)
{
	uint8_t kept = v->request->attempts_kept;

	return kept == 0 ? to : to + addr_text(&v->attempts[kept - 1].addr, to);
}

static inline uint64_t
line_value_overhead(const struct record_request *r)
{
	return r->duration_us > r->upstream_us ? r->duration_us - r->upstream_us
					       : 0;
}

/*
 * Of what is no text of the record: writes it to where there is room for
 * LINE_VALUE_BYTES; returns its end. NULL: it is a text.
 */
LINE_VALUE_INLINE char *
line_value_put(struct line *l, enum log_field field, char *to)
{
	const struct record_request *r = l->v->request;

	switch (field) {
	case LOG_TIMESTAMP:
		return line_put_time(l, to);
	case LOG_LEVEL:
		return line_value_level(to, l->v);
	case LOG_TRACE_ID:
		return line_value_trace(to, r);
	case LOG_CLIENT:
		return to + addr_ip_text(&r->client, to);
	case LOG_PROTOCOL:
		return line_value_protocol(to, l->v);
	case LOG_STATUS:
		return text_put_u64(to, r->status);
	case LOG_WHY:
		return slice_put(to, line_why(r->why)->word);
	case LOG_ERROR_CODE:
		return slice_put(to, line_why(r->why)->code);
	case LOG_BYTES_IN:
		return text_put_u64(to, r->bytes_in);
	case LOG_BYTES_OUT:
		return text_put_u64(to, r->bytes_out);
	case LOG_DURATION_MS:
		return line_value_ms(to, r->duration_us);
	case LOG_UPSTREAM_MS:
		return line_value_ms(to, r->upstream_us);
	case LOG_OVERHEAD_US:
		return text_put_u64(to, line_value_overhead(r));
	case LOG_ENDPOINT:
		return line_value_endpoint(to, l->v);
	case LOG_ATTEMPTS:
		return text_put_u64(to, r->attempts);
	case LOG_GENERATION:
		return text_put_u64(to, r->generation);
	case LOG_SERVICE:
	case LOG_ROUTE:
	case LOG_REQUEST_ID:
	case LOG_CORRELATION_ID:
	case LOG_USER_ID:
	case LOG_TENANT_ID:
	case LOG_METHOD:
	case LOG_HOST:
	case LOG_PATH:
	case LOG_QUERY:
	case LOG_FIELD_COUNT:
		break;
	}
	return NULL;
}

static inline struct slice
line_value_method(struct line *l)
{
	return l->v->request->method != METHOD_OTHER
	    ? record_text(l->v, RECORD_METHOD)
	    : line_text(l, RECORD_METHOD);
}

/* Of what is one: as it is, or, of a client, as far as it may be shown. */
LINE_VALUE_INLINE struct slice
line_value_text(struct line *l, enum log_field field)
{
	switch (field) {
	case LOG_SERVICE:
		return record_text(l->v, RECORD_SERVICE);
	case LOG_ROUTE:
		return record_text(l->v, RECORD_ROUTE);
	case LOG_REQUEST_ID:
		return record_text(l->v, RECORD_ID);
	case LOG_CORRELATION_ID:
		return line_correlation(l);
	case LOG_USER_ID:
		return line_text(l, RECORD_USER);
	case LOG_TENANT_ID:
		return line_text(l, RECORD_TENANT);
	case LOG_METHOD:
		return line_value_method(l);
	case LOG_HOST:
		return line_text(l, RECORD_HOST);
	case LOG_PATH:
		return line_path(l);
	case LOG_QUERY:
		return line_query(l);
	case LOG_TIMESTAMP:
	case LOG_LEVEL:
	case LOG_TRACE_ID:
	case LOG_CLIENT:
	case LOG_PROTOCOL:
	case LOG_STATUS:
	case LOG_WHY:
	case LOG_ERROR_CODE:
	case LOG_BYTES_IN:
	case LOG_BYTES_OUT:
	case LOG_DURATION_MS:
	case LOG_UPSTREAM_MS:
	case LOG_OVERHEAD_US:
	case LOG_ENDPOINT:
	case LOG_ATTEMPTS:
	case LOG_GENERATION:
	case LOG_FIELD_COUNT:
		break;
	}
	return SLICE_NONE;
}

#endif
