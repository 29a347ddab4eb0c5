/*
 * prom_endpoints.c - see prom_endpoints.h.
 */
#include "master/prom_endpoints.h"

#include <stdlib.h>

#include "common/base/clock.h"
#include "master/grade.h"
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
	enum metric metric;
	int64_t (*value)(const struct region *r, uint32_t index);
	bool thousandths; /* below 0: not known */
} endpoint_gauges[] = {
	{ METRIC_ENDPOINT_HEALTHY, endpoint_healthy, false },
	{ METRIC_ENDPOINT_ACTIVE, endpoint_active, false },
	{ METRIC_ENDPOINT_POOLED, endpoint_pooled, false },
	{ METRIC_ENDPOINT_CONNECTIONS, endpoint_connections, false },
	{ METRIC_ENDPOINT_SCORE, endpoint_score, true },
};

static void
endpoint_sample(const struct region *r, const struct endpoint_gauge *g,
    uint32_t service, uint32_t index, struct prom *p)
{
	int64_t value = g->value(r, index);

	if (value < 0)
		return;
	prom_sample(p);
	prom_label(p, "service", registry_service_name(r, service));
	prom_label(p, "endpoint", registry_endpoint_text(r, index));
	prom_fixed(p, value, g->thousandths ? 3 : 0);
}

static void
endpoint_gauge_write(
    const struct region *r, const struct endpoint_gauge *g, struct prom *p)
{
	uint32_t services = atomic_load(&r->state->control.services);

	prom_family(p, g->metric);
	for (uint32_t s = 0; s < services; s++) {
		const struct eset *set = registry_set(r, s);

		for (uint32_t i = 0; set != NULL && i < set->count; i++)
			endpoint_sample(
			    r, g, s, set->members[i].handle.index, p);
	}
}

static void
services_write(const struct region *r, struct prom *p)
{
	const struct img_head *img = reload_current(r);
	struct service_grade *grades;
	const struct img_service *s;
	enum grade whole;

	prom_family(p, METRIC_SERVICE_HEALTH);
	if (img == NULL)
		return;
	s = img_at(img, img->services.off);
	grades = grade_services(r, img, &whole);
	for (uint32_t i = 0; i < img->services.count; i++) {
		prom_sample(p);
		prom_label(p, "service", img_slice(img, s[i].name));
		prom_u64(p, (uint64_t)grades[i].grade);
	}
	free(grades);
}

static void
queues_write(const struct region *r, struct prom *p)
{
	const struct img_head *img = reload_current(r);
	const struct img_service *s;

	prom_family(p, METRIC_SERVICE_WAITING);
	if (img == NULL)
		return;
	s = img_at(img, img->services.off);
	for (uint32_t i = 0; i < img->services.count; i++) {
		if (s[i].queue.length == 0)
			continue;
		prom_sample(p);
		prom_label(p, "service", img_slice(img, s[i].name));
		prom_u64(p, permit_count(r, PERMIT_QUEUE + s[i].slot));
	}
}

void
prom_endpoints_write(const struct region *r, struct prom *p)
{
	size_t n = sizeof(endpoint_gauges) / sizeof(endpoint_gauges[0]);

	for (size_t i = 0; i < n; i++)
		endpoint_gauge_write(r, &endpoint_gauges[i], p);
	services_write(r, p);
	queues_write(r, p);
}

void
prom_probes_write(const struct probes *probes, struct prom *p)
{
	prom_family(p, METRIC_PROBES);
	prom_pair(p, "result", "good", probes->good);
	prom_pair(p, "result", "bad", probes->bad);
	prom_pair(p, "result", "put_off", probes->put_off);
}
