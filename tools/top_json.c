/*
 * top_json.c - a view as JSON: rates per second, times in milliseconds, shares
 * as parts of 1.
 */
#include <string.h>

#include "common/base/json.h"
#include "tools/top_draw.h"
#include "tools/top_numbers.h"

/* null: there was nothing, or it took longer than can be said. */
static void
time_add(struct json *j, const char *key, uint64_t us)
{
	if (us == TOP_NONE || us == TOP_BEYOND)
		json_add_null(j, key);
	else
		json_add_thousandths(j, key, us);
}

static void
flow_add(struct json *j, const struct top_flow *f)
{
	json_add_thousandths(j, "rate", f->rate);
	json_add_thousandths(j, "refused", f->refused / 100);
	json_add_thousandths(j, "failed", f->failed / 100);
	time_add(j, "p50_ms", f->p50);
	time_add(j, "p95_ms", f->p95);
	time_add(j, "p99_ms", f->p99);
}

static void
whole_add(struct json *j, const struct top_view *v)
{
	json_add_uint(j, "generation", v->generation);
	json_add_seconds(j, "interval", v->us);
	json_add_seconds(j, "uptime", v->at_us);
	json_add_seconds(j, "master_age", v->master_age_us);
	flow_add(j, &v->flow);
	json_add_uint(j, "active", v->active);
	json_add_uint(j, "waiting", v->waiting);
	json_add_uint(j, "connections", v->connections);
	json_add_thousandths(j, "accepted", v->accepted);
	json_add_thousandths(j, "bytes_in", v->in);
	json_add_thousandths(j, "bytes_out", v->out);
	json_add_thousandths(j, "upstream_bytes_in", v->upstream_in);
	json_add_thousandths(j, "upstream_bytes_out", v->upstream_out);
	json_add_thousandths(j, "upstream_connects", v->connects);
	json_add_thousandths(j, "upstream_retries", v->retries);
	json_add_thousandths(j, "shed", v->shed);
	json_add_bool(j, "reader", v->reader);
	json_add_thousandths(j, "records", v->records);
	json_add_thousandths(j, "records_lost", v->records_lost);
	json_add_thousandths(j, "spans", v->spans);
	json_add_thousandths(j, "spans_lost", v->spans_lost);
}

static void
services_add(struct json *j, const struct top_view *v)
{
	json_array_begin(j, "services");
	for (uint32_t i = 0; i < v->service_count; i++) {
		const struct top_service *s = &v->services[i];

		json_object_begin(j, NULL);
		json_add_string(j, "service", s->name);
		flow_add(j, &s->flow);
		json_add_uint(j, "active", s->active);
		json_add_uint(j, "endpoints", s->endpoints);
		json_add_uint(j, "usable", s->usable);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "endpoints");
	for (uint32_t i = 0; i < v->endpoint_count; i++) {
		const struct top_endpoint *e = &v->endpoints[i];

		json_object_begin(j, NULL);
		json_add_string(j, "service", e->service);
		json_add_string(j, "endpoint", e->name);
		flow_add(j, &e->flow);
		json_add_uint(j, "active", e->active);
		json_add_bool(j, "usable", e->usable);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
reasons_add(struct json *j, const struct top_view *v)
{
	json_array_begin(j, "reasons");
	for (uint32_t i = 0; i < v->reason_count; i++) {
		json_object_begin(j, NULL);
		json_add_string(j, "why", slice_str(v->reasons[i].word));
		json_add_uint(j, "status", v->reasons[i].status);
		json_add_string(j, "fault", slice_str(v->reasons[i].fault));
		json_add_thousandths(j, "rate", v->reasons[i].rate);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "breakers");
	for (uint32_t i = 0; i < v->breaker_count; i++) {
		const struct top_breaker *b = &v->breakers[i];

		json_object_begin(j, NULL);
		json_add_string(j, "service", b->service);
		json_add_string(j, "endpoint", b->endpoint);
		json_add_string(
		    j, "state", slice_str(breaker_state_name(b->state)));
		json_add_seconds(j, "for", b->wait_us);
		json_object_end(j);
	}
	json_array_end(j);
	json_array_begin(j, "limits");
	for (uint32_t i = 0; i < v->limit_count; i++) {
		json_object_begin(j, NULL);
		json_add_string(j, "limit", v->limits[i].name);
		json_add_thousandths(j, "refused", v->limits[i].rate);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
workers_add(struct json *j, const struct top_view *v)
{
	json_array_begin(j, "workers");
	for (uint32_t i = 0; i < v->worker_count; i++) {
		const struct top_worker *w = &v->workers[i];
		const char *state =
		    slot_state_name((enum slot_state)w->slot.state);

		json_object_begin(j, NULL);
		json_add_uint(j, "worker", i);
		json_add_int(j, "pid", w->slot.pid);
		json_add_string(j, "state", slice_str(state));
		json_add_seconds(j, "beat_age", w->beat_age_us);
		json_add_uint(j, "restarts", w->slot.restarts);
		json_add_thousandths(j, "rate", w->rate);
		json_add_uint(j, "connections", w->connections);
		json_add_seconds(j, "lag", w->slot.lag_us);
		json_add_uint(j, "pressure", w->slot.pressure);
		json_object_end(j);
	}
	json_array_end(j);
}

static void
logs_add(struct json *j, const struct top_screen *s, const struct top_view *v)
{
	char buf[24];

	json_array_begin(j, "logs");
	for (uint32_t i = 0; i < v->log_count; i++) {
		const struct top_log *l = &v->logs[i];

		json_object_begin(j, NULL);
		json_add_string(
		    j, "log", slice_str(top_log_name(s, l->id, buf)));
		json_add_thousandths(j, "lines", l->lines);
		json_add_thousandths(j, "bytes", l->bytes);
		json_add_thousandths(j, "lost", l->lost);
		json_add_uint(j, "lost_so_far", l->lost_so_far);
		json_add_string(j, "error",
		    slice_str(l->error != 0 ? strerror(l->error) : ""));
		json_object_end(j);
	}
	json_array_end(j);
}

void
top_json(const struct top_screen *s, const struct top_view *v, struct text *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	whole_add(&j, v);
	services_add(&j, v);
	reasons_add(&j, v);
	workers_add(&j, v);
	logs_add(&j, s, v);
	json_object_end(&j);
	text_add_char(out, '\n');
}
