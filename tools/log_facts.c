/*
 * log_facts.c - see log_facts.h.
 */
#include "tools/log_facts.h"

#include <stdio.h>

#include "common/base/hex.h"
#include "common/http/http.h"
#include "tools/line_inside.h"

const char *
log_facts_name(int field)
{
	static const char *const names[LOG_FACTS] = {
		[LOG_FACT_ROUTE] = "route",
		[LOG_FACT_SERVICE] = "service",
		[LOG_FACT_REQUEST_ID] = "request_id",
		[LOG_FACT_TRACE_ID] = "trace_id",
		[LOG_FACT_METHOD] = "method",
		[LOG_FACT_STATUS] = "status",
		[LOG_FACT_WHY] = "why",
		[LOG_FACT_DURATION_MS] = "duration_ms",
	};

	return names[field];
}

static struct slice
method_of(const struct record_request *q)
{
	if (q->method >= METHOD_COUNT || q->head.kind != RECORD_REQUEST)
		return SLICE_NONE;
	return q->method == METHOD_OTHER
	    ? SLICE_LIT("other")
	    : http_method_name((enum http_method)q->method);
}

void
log_facts_of(struct log_facts *f, const struct record_view *v)
{
	static const uint8_t none[16];
	const struct record_request *q = v->request;

	f->value[LOG_FACT_ROUTE] = record_text(v, RECORD_ROUTE);
	f->value[LOG_FACT_SERVICE] = record_text(v, RECORD_SERVICE);
	f->value[LOG_FACT_REQUEST_ID] = record_text(v, RECORD_ID);
	f->value[LOG_FACT_TRACE_ID] = SLICE_NONE;
	if (memcmp(q->trace_id, none, sizeof(none)) != 0) {
		hex_write(q->trace_id, sizeof(q->trace_id), f->trace);
		f->value[LOG_FACT_TRACE_ID] = slice_make(f->trace, 32);
	}
	f->value[LOG_FACT_METHOD] = method_of(q);
	f->value[LOG_FACT_STATUS] = SLICE_NONE;
	if (q->status != 0) {
		(void)snprintf(f->status, sizeof(f->status), "%u", q->status);
		f->value[LOG_FACT_STATUS] = slice_str(f->status);
	}
	f->value[LOG_FACT_WHY] = line_why(q->why)->word;
	(void)snprintf(f->duration, sizeof(f->duration), "%llu.%03u",
	    (unsigned long long)(q->duration_us / 1000),
	    (unsigned)(q->duration_us % 1000));
	f->value[LOG_FACT_DURATION_MS] = slice_str(f->duration);
}
