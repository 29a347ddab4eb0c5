/*
 * prom_gateway.c - see prom_gateway.h.
 */
#include "master/prom_gateway.h"

#include "shm/control.h"
#include "shm/slots.h"

/* ---- counters and reasons ---- */

static const char *const prom_whys[] = {
#define WHY(id, word, status, code, grpc, fault, title, help) word,
#include "worker/flow/why.def"
};

/* Its labels, if it has any, are a part of its name. */
static struct slice
counter_labels(enum counter c)
{
	static const char *const names[COUNTER_COUNT] = {
#define COUNTER(id, name, type, help) name,
#include "shm/counters.def"
	};
	const char *labels = strchr(names[c], '{');

	return labels != NULL ? slice_str(labels) : SLICE_NONE;
}

static void
counter_write(const struct region *r, enum counter c, struct prom *p)
{
	uint64_t sum = counters_sum(r, c);
	struct metric_info i;

	(void)prom_counter_family(p, c);
	metric_counter_info(c, &i);
	prom_sample(p);
	text_add(p->out, counter_labels(c));
	if (slice_eq(i.unit, SLICE_LIT("seconds")))
		prom_fixed(p, (int64_t)sum, 6);
	else
		prom_u64(p, sum);
}

static void
counters_write(const struct region *r, struct prom *p)
{
	for (unsigned i = 0; i < COUNTER_COUNT; i++)
		counter_write(r, (enum counter)i, p);
}

static void
whys_write(const struct region *r, struct prom *p)
{
	prom_family(p, METRIC_REPLIES);
	/* 0 is "ok": not the gateway's own. */
	for (uint32_t i = 1; i < sizeof(prom_whys) / sizeof(prom_whys[0]); i++)
		prom_pair(p, "why", prom_whys[i], counters_why_sum(r, i));
}

/* ---- configuration and processes ---- */

static void
birth_write(const struct region *r, struct prom *p)
{
	prom_family(p, METRIC_BUILD_INFO);
	prom_pair(p, "version", PENSTOCK_VERSION, 1);
	prom_family(p, METRIC_START_TIME);
	prom_sample(p);
	prom_fixed(p, r->state->header.birth_wall_us / 1000, 3);
}

static void
config_write(const struct region *r, struct prom *p)
{
	struct reload_info i;

	control_reload_info(r, &i);
	prom_single(
	    p, METRIC_CONFIG_LAST_RELOAD_SUCCESS, i.last != RELOAD_FAILED);
	prom_family(p, METRIC_CONFIG_LAST_RELOAD_TIMESTAMP);
	prom_sample(p);
	prom_fixed(p, i.ok_wall_us / 1000, 3);
	prom_single(p, METRIC_CONFIG_GENERATION, i.generation);
	prom_family(p, METRIC_CONFIG_RELOADS);
	prom_pair(p, "outcome", "ok", i.ok);
	prom_pair(p, "outcome", "failed", i.failed);
	prom_pair(p, "outcome", "unchanged", i.unchanged);
}

static uint64_t
restarts_of(const struct region *r, uint32_t first, uint32_t count)
{
	uint64_t restarts = 0;
	struct slot_info i;

	for (uint32_t s = first; s < first + count; s++) {
		slot_info(r, s, &i);
		restarts += i.restarts;
	}
	return restarts;
}

static void
workers_write(const struct region *r, struct prom *p)
{
	uint32_t workers = r->state->header.workers;
	uint64_t ready = 0;

	for (uint32_t w = 0; w < workers; w++)
		ready += slot_state(r, w) == SLOT_READY;
	prom_single(p, METRIC_WORKERS, workers);
	prom_single(p, METRIC_WORKERS_READY, ready);
	prom_single(p, METRIC_WORKER_RESTARTS, restarts_of(r, 0, workers));
	prom_single(p, METRIC_HELPER_RESTARTS,
	    restarts_of(r, SLOT_HELPER, HELPERS_MAX));
	prom_single(p, METRIC_MASTER_RESTARTS, restarts_of(r, SLOT_MASTER, 1));
}

void
prom_gateway_write(const struct region *r, struct prom *p)
{
	birth_write(r, p);
	config_write(r, p);
	workers_write(r, p);
	whys_write(r, p);
	counters_write(r, p);
	prom_series_write(r, p);
	prom_histos_write(r, p);
	prom_load_write(r, p);
	prom_process_write(r, p);
}
