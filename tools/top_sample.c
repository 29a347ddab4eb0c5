/*
 * top_sample.c - see top_sample.h.
 */
#include "tools/top_sample.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/histo_own.h"
#include "shm/limit_names.h"
#include "shm/registry.h"
#include "shm/tally.h"
#include "shm/vital.h"
#include "tools/top_numbers.h"

static void *
room_for(uint32_t count, size_t size)
{
	void *p = calloc((size_t)count + 1, size);

	MUST(p != NULL);
	return p;
}

/* The entry of a service, or of none. */
static struct top_service_read *
service_of(struct top_sample *s, uint32_t service)
{
	return &s->services[service < s->service_count - 1
		? service
		: s->service_count - 1];
}

/* ---- services and endpoints ---- */

static void
services_begin(struct top_sample *s, const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.services);

	s->service_count = (n < SERVICES_MAX ? n : SERVICES_MAX) + 1;
	s->services = room_for(s->service_count, sizeof(*s->services));
	for (uint32_t i = 0; i < s->service_count - 1; i++)
		s->services[i].name = registry_service_name(r, i);
}

static void
services_time(struct top_sample *s, const struct region *r)
{
	uint32_t own = histo_own_count(r, HISTO_REQUEST);
	struct histo_sum h;

	for (uint32_t i = 0; i < s->service_count; i++)
		histo_collect(r, HISTO_REQUEST,
		    i < s->service_count - 1 ? i : REGISTRY_NONE,
		    &s->services[i].took);
	for (uint32_t row = 0; row < own && row < HISTO_OWN_MAX; row++) {
		uint32_t route, service;

		histo_own_of(r, HISTO_REQUEST, row, &route, &service);
		histo_collect_own(r, HISTO_REQUEST, row, &h);
		top_histo_add(&service_of(s, service)->took, &h);
	}
	for (uint32_t i = 0; i < s->service_count; i++)
		top_histo_add(&s->took, &s->services[i].took);
}

static void
answers_add(struct top_answers *a, uint32_t code, uint64_t count)
{
	a->all += count;
	a->refused += code >= 400 && code < 500 ? count : 0;
	a->failed += code >= 500 ? count : 0;
}

static void
endpoint_take(struct top_sample *s, const struct region *r, uint32_t index)
{
	struct top_endpoint_read *e = &s->endpoints[s->endpoint_count];
	struct endpoint_info i;
	struct tally t;

	if (!registry_endpoint_info(r, index, &i) || i.state != ENDPOINT_LIVE)
		return;
	enum vital_verdict v = vital_look(r, index, s->at_us);

	tally_sum(r, index, &t);
	*e = (struct top_endpoint_read){ .index = index,
		.tag = i.tag,
		.service = i.service,
		.usable = v == VITAL_USABLE || v == VITAL_DUE,
		.active = i.active,
		.calls = t.answered + t.failed,
		.failed = t.failed };
	service_of(s, i.service)->endpoints++;
	service_of(s, i.service)->usable += e->usable;
	service_of(s, i.service)->active += e->active;
	s->endpoint_count++;
}

static void
endpoints_time(struct top_sample *s, const struct region *r)
{
	uint32_t own = histo_own_count(r, HISTO_UPSTREAM), at[ENDPOINTS_MAX];

	for (uint32_t i = 0; i < ENDPOINTS_MAX; i++)
		at[i] = UINT32_MAX;
	for (uint32_t i = 0; i < s->endpoint_count; i++)
		at[s->endpoints[i].index] = i;
	for (uint32_t row = 0; row < own && row < HISTO_OWN_MAX; row++) {
		uint32_t index, service;

		histo_own_of(r, HISTO_UPSTREAM, row, &index, &service);
		if (index >= ENDPOINTS_MAX || at[index] == UINT32_MAX ||
		    s->endpoints[at[index]].service != service)
			continue;
		histo_collect_own(
		    r, HISTO_UPSTREAM, row, &s->endpoints[at[index]].took);
		s->endpoints[at[index]].timed = true;
	}
}

static void
endpoints_take(struct top_sample *s, const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.endpoints);

	n = n < ENDPOINTS_MAX ? n : ENDPOINTS_MAX;
	s->endpoints = room_for(n, sizeof(*s->endpoints));
	for (uint32_t i = 0; i < n; i++)
		endpoint_take(s, r, i);
	endpoints_time(s, r);
}

/* ---- what is counted by series ---- */

static void
series_take(struct top_sample *s, const struct region *r)
{
	uint32_t rows = atomic_load(&r->state->control.limit_names);
	struct series_sum *sums;
	uint64_t folded;
	uint32_t n = series_collect(r, &sums, &folded);

	s->limit_count = rows < LIMIT_ROWS_MAX ? rows : LIMIT_ROWS_MAX;
	s->limits = room_for(s->limit_count, sizeof(*s->limits));
	for (uint32_t i = 0; i < s->limit_count; i++)
		s->limits[i].name = limit_name_of(r, i);
	for (uint32_t i = 0; i < n; i++) {
		const struct series_sum *of = &sums[i];

		if (of->kind == SERIES_LIMITED && of->a < s->limit_count)
			s->limits[of->a].refused += of->count;
		if (of->kind != SERIES_REQUEST)
			continue;
		answers_add(
		    &service_of(s, of->service)->answers, of->code, of->count);
		answers_add(&s->answers, of->code, of->count);
	}
	free(sums);
}

/* ---- the rest ---- */

static void
breakers_take(struct top_sample *s, const struct region *r)
{
	uint32_t most = s->endpoint_count + s->service_count, index;
	struct breaker_info i;

	s->breakers = room_for(most, sizeof(*s->breakers));
	for (uint32_t n = 0; n < most; n++) {
		bool own = n >= s->endpoint_count;
		uint32_t service =
		    own ? n - s->endpoint_count : s->endpoints[n].service;

		if (own && service == s->service_count - 1)
			break;
		index = own ? REGISTRY_NONE : s->endpoints[n].index;
		breaker_info(r,
		    own ? BREAKER_OF_SERVICE(service)
			: BREAKER_OF_ENDPOINT(index),
		    s->at_us, &i);
		if (i.state != BREAKER_CLOSED)
			s->breakers[s->breaker_count++] =
			    (struct top_breaker_read){ service, index, i.state,
				    i.wait_us };
	}
}

static void
workers_take(struct top_sample *s, const struct region *r)
{
	s->worker_count = r->workers;
	s->workers = room_for(s->worker_count, sizeof(*s->workers));
	for (uint32_t w = 0; w < s->worker_count; w++) {
		struct top_worker_read *to = &s->workers[w];

		slot_info(r, w, &to->slot);
		to->requests = histo_count_of(r, w, HISTO_REQUEST);
		to->connections =
		    atomic_load(&counters_block(r, w)[COUNTER_CONNECTIONS]);
	}
	slot_info(r, SLOT_MASTER, &s->master);
}

static void
reader_take(struct top_sample *s, const struct shm_readers *from)
{
	if (from == NULL)
		return;
	s->reader = atomic_load(&from->pid);
	s->reader_beat_us = atomic_load(&from->beat_us);
	s->records = atomic_load(&from->records);
	s->records_lost = atomic_load(&from->records_lost);
	s->spans = atomic_load(&from->spans);
	s->spans_lost = atomic_load(&from->spans_lost);
	for (uint32_t i = 0; i < READERS_LOGS_MAX; i++) {
		const struct shm_reader_log *l = &from->log[i];
		uint64_t id = atomic_load(&l->id);

		if (id != 0)
			s->logs[s->log_count++] = (struct top_log_read){ id,
				atomic_load(&l->lines), atomic_load(&l->bytes),
				atomic_load(&l->lost), atomic_load(&l->error) };
	}
}

void
top_sample_take(struct top_sample *s, const struct region *r)
{
	*s = (struct top_sample){ .at_us = clock_update().us };
	s->generation = atomic_load(&r->state->control.pub) >> 16;
	for (unsigned c = 0; c < COUNTER_COUNT; c++)
		s->counters[c] = counters_sum(r, (enum counter)c);
	for (uint32_t w = 0; w < WHYS_MAX; w++)
		s->whys[w] = counters_why_sum(r, w);
	services_begin(s, r);
	services_time(s, r);
	endpoints_take(s, r);
	series_take(s, r);
	breakers_take(s, r);
	workers_take(s, r);
	reader_take(s, r->readers);
}

void
top_sample_fini(struct top_sample *s)
{
	free(s->services);
	free(s->endpoints);
	free(s->breakers);
	free(s->limits);
	free(s->workers);
	*s = (struct top_sample){ 0 };
}
