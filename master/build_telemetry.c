/*
 * build_telemetry.c - see build_telemetry.h.
 */
#include "master/build_telemetry.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "master/build_access.h"

/* Of millionths: of 2^32, and of all of them all ones. */
static uint32_t
share_build(uint64_t millionths)
{
	uint64_t of = (millionths << 32) / 1000000;

	return of > UINT32_MAX ? UINT32_MAX : (uint32_t)of;
}

/* The same in every generation, so that what was counted is not forgotten. */
static uint64_t
log_id(const char *noun, const char *path)
{
	static const struct hash_key fixed = { 0x676f6c, 0x736b636f74736e70 };
	struct text t = { 0 };
	uint64_t id;

	text_printf(&t, "%s %s", noun, path);
	id = hash_bytes(fixed, t.p, t.n) | 1;
	text_fini(&t);
	return id;
}

static struct img_str
text_build(struct image *im, const char *s)
{
	return image_text(im, slice_str(s != NULL ? s : ""));
}

static struct img_log_when
when_build(struct image *im, const struct conf_log_when *w)
{
	struct img_log_when out = {
		.whys = { w->whys[0], w->whys[1] },
		.methods = w->method_bits,
		.errors = w->errors,
		.slow_us = w->slow_us,
	};

	out.statuses =
	    image_span(im, w->statuses, w->status_count, sizeof(*w->statuses));
	out.routes = build_strings(im, &w->routes);
	out.services = build_strings(im, &w->services);
	return out;
}

static struct img_log
access_build(struct image *im, const struct conf_access_log *l)
{
	struct img_log out = {
		.id = log_id("access log", l->path),
		.to = l->to.to,
		.format = l->format_index,
		.facility = l->facility_number,
		.sample = share_build(l->sample),
		.keep_errors = l->keep_errors,
	};

	out.path = text_build(im, l->to.path);
	out.template = text_build(im, l->template);
	out.when = when_build(im, &l->when);
	out.query = build_strings(im, &l->query);
	out.headers = build_strings(im, &l->headers);
	out.response_headers = build_strings(im, &l->response_headers);
	return out;
}

static struct img_span
access_logs_build(struct image *im, const struct conf_telemetry *t)
{
	struct img_span span =
	    image_span(im, NULL, t->access_count, sizeof(struct img_log));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_log l = access_build(im, &t->access_logs[i]);
		struct img_log *out = image_at(im, span.off);

		out[i] = l;
	}
	return span;
}

static struct img_span
audit_logs_build(struct image *im, const struct conf_telemetry *t)
{
	struct img_span span =
	    image_span(im, NULL, t->audit_count, sizeof(struct img_log));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_audit_log *l = &t->audit_logs[i];
		struct img_log log = {
			.id = log_id("audit log", l->path),
			.to = l->to.to,
			.format = IMG_LOG_JSON,
			.path = text_build(im, l->to.path),
			.sample = UINT32_MAX,
			.events = l->event_bits,
			.key_file = text_build(im, l->key_path),
		};
		struct img_log *out = image_at(im, span.off);

		out[i] = log;
	}
	return span;
}

static struct img_audit
audit_build(const struct conf_telemetry *t)
{
	struct img_audit out = { .on = t->audit_count != 0 };

	for (size_t i = 0; i < t->audit_count; i++) {
		out.events |= t->audit_logs[i].event_bits;
		out.refuse |= strcmp(t->audit_logs[i].when_full, "refuse") == 0;
	}
	return out;
}

static struct img_tracing
tracing_build(struct image *im, const struct conf_tracing *t)
{
	struct img_tracing out = { 0 };
	struct slice correlation =
	    slice_str(t->correlation_id != NULL ? t->correlation_id : "");

	if (!t->on)
		return out;
	out = (struct img_tracing){
		.on = 1,
		.propagate = t->propagate_bits,
		.sample = share_build(t->sample),
		.parent = t->parent,
		.errors = t->errors,
		.slow_us = t->slow_us,
		.correlation_id = http_field_find(correlation),
		.json = strcmp(t->protocol, "json") == 0,
		.timeout_us = t->timeout_us,
		.interval_us = t->interval_us,
		.queue_bytes = t->queue,
		.batch = (uint32_t)t->batch,
	};
	out.correlation = image_text(im, correlation);
	out.endpoint = text_build(im, t->endpoint);
	out.headers = build_strings(im, &t->headers);
	out.service = text_build(im, t->service);
	out.resource = build_strings(im, &t->resource);
	out.ca_file = text_build(im, t->ca_file);
	return out;
}

static struct img_span
fields_build(struct image *im, const struct conf_telemetry *t)
{
	struct img_span span = image_span(
	    im, NULL, t->field_count, sizeof(struct img_record_field));

	for (uint32_t i = 0; i < span.count; i++) {
		struct slice name = slice_str(t->fields[i].name);
		struct img_str text = image_text(im, name);
		struct img_record_field *out = image_at(im, span.off);

		out[i] = (struct img_record_field){ http_field_find(name),
			t->fields[i].answer, text };
	}
	return span;
}

void
build_telemetry(struct image *im, const struct conf *c)
{
	const struct conf_telemetry *t = &c->telemetry;
	struct img_telemetry out = {
		.audit = audit_build(t),
		.query = t->query,
		.mask = t->mask.bits,
		.max_histograms = (uint32_t)t->max_histograms,
	};

	out.access_logs = access_logs_build(im, t);
	out.audit_logs = audit_logs_build(im, t);
	out.tracing = tracing_build(im, &t->tracing);
	out.fields = fields_build(im, t);
	out.mask_headers = build_strings(im, &t->mask.headers);
	out.mask_query = build_strings(im, &t->mask.query);
	image_head(im)->telemetry = out;
}
