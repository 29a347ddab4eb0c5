/*
 * prom_load.c - how each worker fares, as it has measured itself (overload).
 */
#include <stdio.h>

#include "master/prom_gateway.h"
#include "shm/slots.h"

/* Its slot, looked at; the sample has its label. */
static void
worker_sample(
    const struct region *r, uint32_t w, struct prom *p, struct slot_info *i)
{
	char number[12];

	(void)snprintf(number, sizeof(number), "%u", w);
	slot_info(r, w, i);
	prom_sample(p);
	prom_label(p, "worker", slice_str(number));
}

void
prom_load_write(const struct region *r, struct prom *p)
{
	uint32_t workers = r->state->header.workers;
	struct slot_info i;

	prom_family(p, METRIC_OVERLOAD_LAG);
	for (uint32_t w = 0; w < workers; w++) {
		worker_sample(r, w, p, &i);
		prom_fixed(p, (int64_t)i.lag_us, 6);
	}
	prom_family(p, METRIC_OVERLOAD_PRESSURE);
	for (uint32_t w = 0; w < workers; w++) {
		worker_sample(r, w, p, &i);
		prom_fixed(p, i.pressure, 3);
	}
}
