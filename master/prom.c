/*
 * prom.c - see prom.h.
 */
#include "master/prom.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/http.h"
#include "shm/control.h"
#include "shm/counters.h"
#include "shm/histo.h"
#include "shm/limit_names.h"
#include "shm/registry.h"
#include "shm/slots.h"

#define PROM_PREFIX "penstock_"

void
prom_help(
    struct text *out, const char *name, const char *type, const char *help)
{
	text_printf(out, "# HELP " PROM_PREFIX "%s %s\n", name, help);
	text_printf(out, "# TYPE " PROM_PREFIX "%s %s\n", name, type);
}

void
prom_label(struct text *out, const char *key, struct slice value)
{
	text_printf(out, "%s=\"", key);
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];

		if (c == '\n') {
			text_add(out, SLICE_LIT("\\n"));
			continue;
		}
		if (c == '"' || c == '\\')
			text_add_char(out, '\\');
		text_add_char(out, c);
	}
	text_add_char(out, '"');
}

static void
prom_plain(struct text *out, const char *name, const char *type,
    const char *help, uint64_t value)
{
	prom_help(out, name, type, help);
	text_printf(out, PROM_PREFIX "%s %" PRIu64 "\n", name, value);
}

/* ---- counters and reasons ---- */

static const struct prom_counter {
	const char *name, *type, *help;
} prom_counters[COUNTER_COUNT] = {
#define COUNTER(id, name, type, help) { name, type, help },
#include "shm/counters.def"
};

static const char *const prom_whys[] = {
#define WHY(id, word, status, code, grpc, fault, title, help) word,
#include "worker/flow/why.def"
};

/* Of several that differ in a label the first has the help of all. */
static void
prom_counter_help(const struct prom_counter *p, struct text *out)
{
	char name[128];

	if (p->help[0] == '\0')
		return;
	(void)snprintf(
	    name, sizeof(name), "%.*s", (int)strcspn(p->name, "{"), p->name);
	prom_help(out, name, p->type, p->help);
}

static void
prom_counter_write(const struct region *r, enum counter c, struct text *out)
{
	const struct prom_counter *p = &prom_counters[c];
	uint64_t sum = counters_sum(r, c);

	prom_counter_help(p, out);
	if (strstr(p->name, "_seconds_total") == NULL) {
		text_printf(out, PROM_PREFIX "%s %" PRIu64 "\n", p->name, sum);
		return;
	}
	text_printf(out, PROM_PREFIX "%s %" PRIu64 ".%06u\n", p->name,
	    sum / 1000000, (unsigned)(sum % 1000000));
}

static void
prom_counters_write(const struct region *r, struct text *out)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		prom_counter_write(r, (enum counter)i, out);
}

static void
prom_whys_write(const struct region *r, struct text *out)
{
	prom_help(out, "replies_total", "counter",
	    "Answers made by the gateway itself and requests ended by it, by "
	    "reason.");
	/* 0 is "ok": not the gateway's own. */
	for (uint32_t i = 1; i < sizeof(prom_whys) / sizeof(prom_whys[0]);
	     i++) {
		text_add(out, SLICE_LIT(PROM_PREFIX "replies_total{"));
		prom_label(out, "why", slice_str(prom_whys[i]));
		text_printf(out, "} %" PRIu64 "\n", counters_why_sum(r, i));
	}
}

/* ---- series ---- */

static void
prom_request_series(
    const struct region *r, const struct series_sum *s, struct text *out)
{
	struct slice method = http_method_name((enum http_method)s->method);

	text_add(out, SLICE_LIT(PROM_PREFIX "requests_total{"));
	prom_label(out, "route", registry_route_name(r, s->a));
	text_add_char(out, ',');
	prom_label(out, "service", registry_service_name(r, s->service));
	text_add_char(out, ',');
	prom_label(out, "method", method.n != 0 ? method : SLICE_LIT("other"));
	text_printf(out, ",code=\"%u\"} %" PRIu64 "\n", s->code, s->count);
}

static void
prom_upstream_series(
    const struct region *r, const struct series_sum *s, struct text *out)
{
	text_add(out, SLICE_LIT(PROM_PREFIX "upstream_requests_total{"));
	prom_label(out, "service", registry_service_name(r, s->service));
	text_add_char(out, ',');
	prom_label(out, "endpoint", registry_endpoint_text(r, s->a));
	text_printf(out, ",code=\"%u\"} %" PRIu64 "\n", s->code, s->count);
}

static void
prom_limited_series(
    const struct region *r, const struct series_sum *s, struct text *out)
{
	text_add(out, SLICE_LIT(PROM_PREFIX "rate_limited_total{"));
	prom_label(out, "limit", limit_name_of(r, s->a));
	text_printf(out, "} %" PRIu64 "\n", s->count);
}

static void
prom_series_write(const struct region *r, struct text *out)
{
	struct series_sum *sums = NULL;
	uint64_t lost = 0;
	uint32_t n = series_collect(r, &sums, &lost), i = 0;

	prom_help(out, "requests_total", "counter",
	    "Requests that were answered or ended (code 0: without an "
	    "answer).");
	for (; i < n && sums[i].kind == SERIES_REQUEST; i++)
		prom_request_series(r, &sums[i], out);
	prom_help(out, "upstream_requests_total", "counter",
	    "Exchanges with endpoints.");
	for (; i < n && sums[i].kind == SERIES_UPSTREAM; i++)
		prom_upstream_series(r, &sums[i], out);
	prom_help(out, "rate_limited_total", "counter",
	    "Requests that were refused because of a limit of rate_limits.");
	for (; i < n; i++)
		prom_limited_series(r, &sums[i], out);
	free(sums);
	prom_plain(out, "series_lost_total", "counter",
	    "Requests counted in no series because the table was full.", lost);
}

/* ---- histograms ---- */

static void
prom_histo_row(const struct region *r, const char *name, enum histo_kind kind,
    uint32_t service, struct text *out)
{
	struct histo_sum sum;
	struct text label;
	uint64_t below = 0;

	histo_collect(r, kind, service, &sum);
	if (sum.count == 0)
		return;
	text_init(&label);
	prom_label(&label, "service",
	    service != REGISTRY_NONE ? registry_service_name(r, service)
				     : SLICE_NONE);
	for (unsigned i = 0; i < HISTO_BUCKETS - 1; i++) {
		below += sum.buckets[i];
		text_printf(out,
		    PROM_PREFIX "%s_bucket{%.*s,le=\"%g\"} %" PRIu64 "\n", name,
		    SLICE_FMT(label), (double)histo_bounds_us[i] / 1e6, below);
	}
	text_printf(out,
	    PROM_PREFIX "%s_bucket{%.*s,le=\"+Inf\"} %" PRIu64 "\n", name,
	    SLICE_FMT(label), below + sum.buckets[HISTO_BUCKETS - 1]);
	text_printf(out, PROM_PREFIX "%s_sum{%.*s} %" PRIu64 ".%06" PRIu64 "\n",
	    name, SLICE_FMT(label), sum.sum_us / 1000000, sum.sum_us % 1000000);
	text_printf(out, PROM_PREFIX "%s_count{%.*s} %" PRIu64 "\n", name,
	    SLICE_FMT(label), sum.count);
	text_fini(&label);
}

static void
prom_histos_write(const struct region *r, struct text *out)
{
	static const struct {
		const char *name, *help;
	} kinds[HISTO_KINDS] = {
		[HISTO_REQUEST] = { "request_duration_seconds",
		    "From the first byte of a request to the last of its "
		    "answer." },
		[HISTO_UPSTREAM] = { "upstream_duration_seconds",
		    "From sending a request to an endpoint to the end of its "
		    "answer." },
		[HISTO_OVERHEAD] = { "gateway_overhead_seconds",
		    "The part of a request's duration that was not spent "
		    "waiting for an endpoint." },
	};
	uint32_t services = atomic_load(&r->state->control.services);

	for (unsigned k = 0; k < HISTO_KINDS; k++) {
		prom_help(out, kinds[k].name, "histogram", kinds[k].help);
		prom_histo_row(
		    r, kinds[k].name, (enum histo_kind)k, REGISTRY_NONE, out);
		for (uint32_t s = 0; s < services; s++)
			prom_histo_row(
			    r, kinds[k].name, (enum histo_kind)k, s, out);
	}
}

/* ---- configuration and processes ---- */

static void
prom_config_write(const struct region *r, struct text *out)
{
	struct reload_info i;

	control_reload_info(r, &i);
	prom_plain(out, "config_last_reload_success", "gauge",
	    "1 if the last reload succeeded.", i.last != RELOAD_FAILED);
	prom_help(out, "config_last_reload_timestamp_seconds", "gauge",
	    "When the last reload that succeeded ended.");
	text_printf(out,
	    PROM_PREFIX "config_last_reload_timestamp_seconds %" PRId64
			".%03d\n",
	    i.ok_wall_us / 1000000, (int)(i.ok_wall_us / 1000 % 1000));
	prom_plain(out, "config_generation", "gauge",
	    "The configuration that is in force.", i.generation);
	prom_help(
	    out, "config_reloads_total", "counter", "Reloads by outcome.");
	text_printf(out,
	    PROM_PREFIX
	    "config_reloads_total{outcome=\"ok\"} %" PRIu64 "\n" PROM_PREFIX
	    "config_reloads_total{outcome=\"failed\"} %" PRIu64 "\n" PROM_PREFIX
	    "config_reloads_total{outcome=\"unchanged\"} %" PRIu64 "\n",
	    i.ok, i.failed, i.unchanged);
}

static void
prom_workers_write(const struct region *r, struct text *out)
{
	uint64_t restarts = 0, ready = 0;
	struct slot_info i;

	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		slot_info(r, w, &i);
		restarts += i.restarts;
		ready += i.state == SLOT_READY;
	}
	prom_plain(out, "workers", "gauge", "Workers that are configured.",
	    r->state->header.workers);
	prom_plain(out, "workers_ready", "gauge", "Workers that serve.", ready);
	prom_plain(out, "worker_restarts_total", "counter",
	    "Workers that were forked in place of a dead one.", restarts);
	restarts = 0;
	for (uint32_t h = 0; h < HELPERS_MAX; h++) {
		slot_info(r, SLOT_HELPER + h, &i);
		restarts += i.restarts;
	}
	prom_plain(out, "helper_restarts_total", "counter",
	    "Helpers that were forked in place of a dead one.", restarts);
	slot_info(r, SLOT_MASTER, &i);
	prom_plain(out, "master_restarts_total", "counter",
	    "Masters that were forked in place of a dead one.", i.restarts);
}

void
prom_write(const struct region *r, struct text *out)
{
	prom_help(out, "build_info", "gauge", "The version that runs.");
	text_printf(out, PROM_PREFIX "build_info{version=\"%s\"} 1\n",
	    PENSTOCK_VERSION);
	prom_config_write(r, out);
	prom_workers_write(r, out);
	prom_counters_write(r, out);
	prom_whys_write(r, out);
	prom_series_write(r, out);
	prom_histos_write(r, out);
	prom_load_write(r, out);
	prom_process_write(r, out);
}
