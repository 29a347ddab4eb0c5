/*
 * image_telemetry.c - an image's part about what is told of the traffic: its
 * check, and whether there is anything in it.
 */
#include "common/http/http.h"
#include "shm/audit.h"
#include "shm/image_inside.h"
#include "shm/readers.h"
#include "shm/record.h"

#define FACILITIES 24
#define MASKS \
	(IMG_MASK_EMAIL | IMG_MASK_CARD | IMG_MASK_NATIONAL_ID | IMG_MASK_IBAN)
#define WAYS (IMG_TRACE_W3C | IMG_TRACE_B3 | IMG_TRACE_B3_MULTI)

static bool
when_check(const struct img_head *img, const struct img_log_when *w)
{
	return span_inside(img, w->statuses, sizeof(struct img_range)) &&
	    strings_check(img, w->routes) && strings_check(img, w->services) &&
	    w->methods < UINT32_C(1) << METHOD_COUNT && w->errors <= 1;
}

/* What goes to a file or a socket says to which. */
static bool
place_check(const struct img_head *img, const struct img_log *l)
{
	bool named = l->to == IMG_LOG_FILE || l->to == IMG_LOG_SYSLOG;

	return l->id != 0 && l->to <= IMG_LOG_JOURNAL &&
	    l->facility < FACILITIES && str_inside(img, l->path) &&
	    (l->path.len != 0) == named &&
	    (l->to != IMG_LOG_FILE || img_slice(img, l->path).p[0] == '/');
}

static bool
log_check(const struct img_head *img, const struct img_log *l)
{
	return place_check(img, l) && l->format <= IMG_LOG_TEMPLATE &&
	    str_inside(img, l->template) &&
	    (l->template.len != 0) == (l->format == IMG_LOG_TEMPLATE) &&
	    when_check(img, &l->when) && strings_check(img, l->query) &&
	    strings_check(img, l->headers) &&
	    strings_check(img, l->response_headers) &&
	    str_inside(img, l->key_file) &&
	    (l->events & ~(AUDIT_BIT(AUDIT_EVENTS) - 1)) == 0;
}

static bool
logs_check(const struct img_head *img, struct img_span span)
{
	const struct img_log *logs = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*logs)) ||
	    span.count > READERS_LOGS_MAX)
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!log_check(img, &logs[i]))
			return false;
	return true;
}

static bool
fields_check(const struct img_head *img, struct img_span span)
{
	const struct img_record_field *f = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*f)) ||
	    span.count > RECORD_FIELDS_MAX)
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (f[i].id >= FIELD_COUNT || f[i].answer > 1 ||
		    f[i].name.len == 0 || !str_inside(img, f[i].name))
			return false;
	return true;
}

/* Nothing waits for ever, nor without a bound, for who cannot be asked. */
static bool
export_check(const struct img_tracing *t)
{
	return t->endpoint.len == 0 ||
	    (t->timeout_us != 0 && t->interval_us != 0 && t->batch != 0 &&
		t->queue_bytes != 0 && t->service.len != 0);
}

static bool
tracing_check(const struct img_head *img, const struct img_tracing *t)
{
	return t->on <= 1 && (t->propagate & ~WAYS) == 0 && t->json <= 1 &&
	    t->correlation_id < FIELD_COUNT &&
	    str_inside(img, t->correlation) && str_inside(img, t->endpoint) &&
	    str_inside(img, t->service) && str_inside(img, t->ca_file) &&
	    strings_check(img, t->headers) && strings_check(img, t->resource) &&
	    export_check(t);
}

bool
image_telemetry_check(const struct img_head *img)
{
	const struct img_telemetry *t = &img->telemetry;

	return logs_check(img, t->access_logs) &&
	    logs_check(img, t->audit_logs) && tracing_check(img, &t->tracing) &&
	    fields_check(img, t->fields) && t->query <= 1 &&
	    (t->mask & ~MASKS) == 0 && strings_check(img, t->mask_headers) &&
	    strings_check(img, t->mask_query);
}

bool
image_wants_log(const struct img_head *img)
{
	const struct img_telemetry *t = &img->telemetry;

	return t->access_logs.count != 0 || t->audit_logs.count != 0 ||
	    (t->tracing.on != 0 && t->tracing.endpoint.len != 0);
}
