/*
 * top_view.c - see top_view.h.
 */
#include "tools/top_view.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "shm/registry.h"
#include "tools/reason.h"
#include "tools/top_numbers.h"

static void *
room_for(uint32_t count, size_t size)
{
	void *p = calloc((size_t)count + 1, size);

	MUST(p != NULL);
	return p;
}

static uint64_t
rate_of(const struct top_view *v, uint64_t before, uint64_t now)
{
	return top_rate(top_grown(before, now), v->us);
}

static void
flow_time(struct top_flow *f, const struct histo_sum *before,
    const struct histo_sum *now)
{
	struct histo_sum h;

	top_histo_grown(before, now, &h);
	f->p50 = top_quantile(&h, 500);
	f->p95 = top_quantile(&h, 950);
	f->p99 = top_quantile(&h, 990);
}

static void
flow_answers(const struct top_view *v, struct top_flow *f,
    const struct top_answers *before, const struct top_answers *now)
{
	uint64_t all = top_grown(before->all, now->all);

	f->rate = top_rate(all, v->us);
	f->refused = top_share(top_grown(before->refused, now->refused), all);
	f->failed = top_share(top_grown(before->failed, now->failed), all);
}

/* ---- the parts ---- */

/* Slots are never freed, so that they mean the same in both readings. */
static void
services_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	static const struct top_service_read none;

	v->services = room_for(now->service_count, sizeof(*v->services));
	for (uint32_t i = 0; i < now->service_count; i++) {
		bool last = i == now->service_count - 1;
		const struct top_service_read *n = &now->services[i],
					      *b = &none;
		struct top_service *to = &v->services[v->service_count];

		if (last)
			b = &before->services[before->service_count - 1];
		else if (i < before->service_count - 1)
			b = &before->services[i];
		*to = (struct top_service){ .name = n->name,
			.endpoints = n->endpoints,
			.usable = n->usable,
			.active = n->active };
		flow_answers(v, &to->flow, &b->answers, &n->answers);
		flow_time(&to->flow, &b->took, &n->took);
		v->service_count += n->endpoints != 0 || to->flow.rate != 0;
	}
}

/* NULL: it is new, or its slot was another one's. */
static const struct top_endpoint_read *
endpoint_before(const struct top_sample *s, const struct top_endpoint_read *e)
{
	uint32_t low = 0, high = s->endpoint_count;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (s->endpoints[mid].index < e->index)
			low = mid + 1;
		else
			high = mid;
	}
	return low < s->endpoint_count && s->endpoints[low].index == e->index &&
		s->endpoints[low].tag == e->tag
	    ? &s->endpoints[low]
	    : NULL;
}

static void
endpoints_make(struct top_view *v, const struct region *r,
    const struct top_sample *before, const struct top_sample *now)
{
	v->endpoints = room_for(now->endpoint_count, sizeof(*v->endpoints));
	for (uint32_t i = 0; i < now->endpoint_count; i++) {
		const struct top_endpoint_read *n = &now->endpoints[i];
		const struct top_endpoint_read *b = endpoint_before(before, n);
		struct top_endpoint *to = &v->endpoints[v->endpoint_count++];
		struct top_answers was, is = { n->calls, 0, n->failed };

		/* What was counted there before is not known to be its own. */
		b = b != NULL ? b : n;
		was = (struct top_answers){ b->calls, 0, b->failed };
		*to = (struct top_endpoint){ .service = registry_service_name(
						 r, n->service),
			.name = registry_endpoint_text(r, n->index),
			.usable = n->usable,
			.active = n->active };
		flow_answers(v, &to->flow, &was, &is);
		flow_time(&to->flow, &b->took, &n->took);
	}
}

static void
reasons_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	v->reasons = room_for((uint32_t)reason_count, sizeof(*v->reasons));
	for (uint32_t i = 0; i < reason_count && i < WHYS_MAX; i++) {
		uint64_t rate = rate_of(v, before->whys[i], now->whys[i]);

		if (rate != 0)
			v->reasons[v->reason_count++] =
			    (struct top_reason){ reasons[i].word,
				    reasons[i].fault, reasons[i].status, rate };
	}
}

static void
limits_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	v->limits = room_for(now->limit_count, sizeof(*v->limits));
	for (uint32_t i = 0; i < now->limit_count; i++) {
		uint64_t was =
		    i < before->limit_count ? before->limits[i].refused : 0;
		uint64_t rate = rate_of(v, was, now->limits[i].refused);

		if (rate != 0)
			v->limits[v->limit_count++] =
			    (struct top_limit){ now->limits[i].name, rate };
	}
}

static void
breakers_make(
    struct top_view *v, const struct region *r, const struct top_sample *now)
{
	v->breakers = room_for(now->breaker_count, sizeof(*v->breakers));
	for (uint32_t i = 0; i < now->breaker_count; i++) {
		const struct top_breaker_read *b = &now->breakers[i];

		v->breakers[v->breaker_count++] =
		    (struct top_breaker){ registry_service_name(r, b->service),
			    b->index != REGISTRY_NONE
				? registry_endpoint_text(r, b->index)
				: SLICE_NONE,
			    b->state, b->wait_us };
	}
}

static void
workers_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	v->workers = room_for(now->worker_count, sizeof(*v->workers));
	v->worker_count = now->worker_count;
	for (uint32_t i = 0; i < now->worker_count; i++) {
		const struct top_worker_read *n = &now->workers[i];

		v->workers[i] = (struct top_worker){ .slot = n->slot,
			.beat_age_us = top_grown(n->slot.beat_us, now->at_us),
			.rate = rate_of(
			    v, before->workers[i].requests, n->requests),
			.connections = n->connections };
	}
}

static void
logs_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	v->logs = room_for(now->log_count, sizeof(*v->logs));
	for (uint32_t i = 0; i < now->log_count; i++) {
		const struct top_log_read *n = &now->logs[i], *b = n;

		for (uint32_t k = 0; k < before->log_count; k++)
			if (before->logs[k].id == n->id)
				b = &before->logs[k];
		v->logs[v->log_count++] = (struct top_log){ .id = n->id,
			.lines = rate_of(v, b->lines, n->lines),
			.bytes = rate_of(v, b->bytes, n->bytes),
			.lost = rate_of(v, b->lost, n->lost),
			.lost_so_far = n->lost,
			.error = n->error };
	}
}

static uint64_t
counted(const struct top_view *v, const struct top_sample *before,
    const struct top_sample *now, enum counter c)
{
	return rate_of(v, before->counters[c], now->counters[c]);
}

static void
whole_make(struct top_view *v, const struct top_sample *before,
    const struct top_sample *now)
{
	flow_answers(v, &v->flow, &before->answers, &now->answers);
	flow_time(&v->flow, &before->took, &now->took);
	v->active = now->counters[COUNTER_REQUESTS_ACTIVE];
	v->connections = now->counters[COUNTER_CONNECTIONS];
	v->waiting = now->counters[COUNTER_QUEUE_WAITING];
	v->in = counted(v, before, now, COUNTER_BYTES_IN);
	v->out = counted(v, before, now, COUNTER_BYTES_OUT);
	v->upstream_in = counted(v, before, now, COUNTER_UPSTREAM_BYTES_IN);
	v->upstream_out = counted(v, before, now, COUNTER_UPSTREAM_BYTES_OUT);
	v->accepted = counted(v, before, now, COUNTER_CONNECTIONS_ACCEPTED);
	v->retries = counted(v, before, now, COUNTER_UPSTREAM_RETRIES);
	v->connects = counted(v, before, now, COUNTER_UPSTREAM_CONNECTS);
	v->shed = counted(v, before, now, COUNTER_SHED_NORMAL) +
	    counted(v, before, now, COUNTER_SHED_PRIORITY) +
	    counted(v, before, now, COUNTER_SHED_EMERGENCY);
	v->records = rate_of(v, before->records, now->records);
	v->records_lost = rate_of(v, before->records_lost, now->records_lost);
	v->spans = rate_of(v, before->spans, now->spans);
	v->spans_lost = rate_of(v, before->spans_lost, now->spans_lost);
	v->reader = now->reader != 0;
	v->reader_age_us = top_grown(now->reader_beat_us, now->at_us);
	v->master_age_us = top_grown(now->master.beat_us, now->at_us);
}

void
top_view_make(struct top_view *v, const struct region *r,
    const struct top_sample *before, const struct top_sample *now,
    enum top_order order)
{
	uint64_t us = top_grown(before->at_us, now->at_us);

	*v = (struct top_view){ .us = us != 0 ? us : 1,
		.at_us = now->at_us,
		.generation = now->generation };
	whole_make(v, before, now);
	services_make(v, before, now);
	endpoints_make(v, r, before, now);
	reasons_make(v, before, now);
	breakers_make(v, r, now);
	limits_make(v, before, now);
	workers_make(v, before, now);
	logs_make(v, before, now);
	top_view_sort(v, order);
}

void
top_view_fini(struct top_view *v)
{
	free(v->services);
	free(v->endpoints);
	free(v->reasons);
	free(v->breakers);
	free(v->limits);
	free(v->workers);
	free(v->logs);
	*v = (struct top_view){ 0 };
}
