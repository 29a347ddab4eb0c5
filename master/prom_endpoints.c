/*
 * prom_endpoints.c - see prom_endpoints.h.
 */
#include "master/prom_endpoints.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/clock.h"
#include "master/grade.h"
#include "master/prom.h"
#include "master/reload.h"
#include "shm/permit.h"
#include "shm/registry.h"
#include "shm/vital.h"

/* Due for a trial counts: it is about to get a request. */
static int64_t
endpoint_healthy(const struct region *r, uint32_t index)
{
	enum vital_verdict v = vital_look(r, index, clock_now().us);

	return v == VITAL_USABLE || v == VITAL_DUE;
}

static int64_t
endpoint_active(const struct region *r, uint32_t index)
{
	return registry_active(r, index);
}

static int64_t
endpoint_pooled(const struct region *r, uint32_t index)
{
	return registry_pooled(r, index);
}

static int64_t
endpoint_connections(const struct region *r, uint32_t index)
{
	return permit_count(r, index);
}

static int64_t
endpoint_score(const struct region *r, uint32_t index)
{
	struct vital_info v;

	vital_info(r, index, &v);
	return v.score;
}

static const struct endpoint_gauge {
	const char *name, *help;
	int64_t (*value)(const struct region *r, uint32_t index);
	bool thousandths; /* below 0: not known */
} endpoint_gauges[] = {
	{ "endpoint_healthy",
	    "1 if the endpoint gets requests, or is about to be tried.",
	    endpoint_healthy, false },
	{ "endpoint_active", "Running exchanges with the endpoint.",
	    endpoint_active, false },
	{ "endpoint_pooled", "Idle connections to the endpoint.",
	    endpoint_pooled, false },
	{ "endpoint_connections", "Connections to the endpoint.",
	    endpoint_connections, false },
	{ "endpoint_score",
	    "How well the endpoint does beside its siblings, up to 1.",
	    endpoint_score, true },
};

static void
endpoint_sample(const struct region *r, const struct endpoint_gauge *g,
    uint32_t service, uint32_t index, struct text *out)
{
	int64_t value = g->value(r, index);

	if (value < 0)
		return;
	text_printf(out, "penstock_%s{", g->name);
	prom_label(out, "service", registry_service_name(r, service));
	text_add_char(out, ',');
	prom_label(out, "endpoint", registry_endpoint_text(r, index));
	if (g->thousandths)
		text_printf(out, "} %" PRId64 ".%03d\n", value / 1000,
		    (int)(value % 1000));
	else
		text_printf(out, "} %" PRId64 "\n", value);
}

static void
endpoint_gauge_write(
    const struct region *r, const struct endpoint_gauge *g, struct text *out)
{
	uint32_t services = atomic_load(&r->state->control.services);

	prom_help(out, g->name, "gauge", g->help);
	for (uint32_t s = 0; s < services; s++) {
		const struct eset *set = registry_set(r, s);

		for (uint32_t i = 0; set != NULL && i < set->count; i++)
			endpoint_sample(
			    r, g, s, set->members[i].handle.index, out);
	}
}

static void
services_write(const struct region *r, struct text *out)
{
	const struct img_head *img = reload_current(r);
	struct service_grade *grades;
	const struct img_service *s;
	enum grade whole;

	prom_help(out, "service_health", "gauge",
	    "0 healthy, 1 degraded, 2 unhealthy.");
	if (img == NULL)
		return;
	s = img_at(img, img->services.off);
	grades = grade_services(r, img, &whole);
	for (uint32_t i = 0; i < img->services.count; i++) {
		text_add(out, SLICE_LIT("penstock_service_health{"));
		prom_label(out, "service", img_slice(img, s[i].name));
		text_printf(out, "} %d\n", (int)grades[i].grade);
	}
	free(grades);
}

static void
queues_write(const struct region *r, struct text *out)
{
	const struct img_head *img = reload_current(r);
	const struct img_service *s;

	prom_help(out, "service_waiting", "gauge",
	    "Requests that wait for a connection, where the service has a "
	    "queue.");
	if (img == NULL)
		return;
	s = img_at(img, img->services.off);
	for (uint32_t i = 0; i < img->services.count; i++) {
		if (s[i].queue.length == 0)
			continue;
		text_add(out, SLICE_LIT("penstock_service_waiting{"));
		prom_label(out, "service", img_slice(img, s[i].name));
		text_printf(out, "} %" PRIu32 "\n",
		    permit_count(r, PERMIT_QUEUE + s[i].slot));
	}
}

void
prom_endpoints_write(const struct region *r, struct text *out)
{
	size_t n = sizeof(endpoint_gauges) / sizeof(endpoint_gauges[0]);

	for (size_t i = 0; i < n; i++)
		endpoint_gauge_write(r, &endpoint_gauges[i], out);
	services_write(r, out);
	queues_write(r, out);
}

void
prom_probes_write(const struct probes *p, struct text *out)
{
	prom_help(out, "probes_total", "counter",
	    "Probes of endpoints by result; since the master began.");
	text_printf(out,
	    "penstock_probes_total{result=\"good\"} %" PRIu64
	    "\npenstock_probes_total{result=\"bad\"} %" PRIu64
	    "\npenstock_probes_total{result=\"put_off\"} %" PRIu64 "\n",
	    p->good, p->bad, p->put_off);
}
