/*
 * prom_load.c - how each worker fares, as it has measured itself (overload).
 */
#include <inttypes.h>

#include "master/prom.h"
#include "shm/slots.h"

void
prom_load_write(const struct region *r, struct text *out)
{
	uint32_t workers = r->state->header.workers;
	struct slot_info i;

	prom_help(out, "overload_lag_seconds", "gauge",
	    "How long events wait for a worker; measured with overload.");
	for (uint32_t w = 0; w < workers; w++) {
		slot_info(r, w, &i);
		text_printf(out,
		    "penstock_overload_lag_seconds{worker=\"%u\"} %" PRIu64
		    ".%06u\n",
		    w, i.lag_us / 1000000, (unsigned)(i.lag_us % 1000000));
	}
	prom_help(out, "overload_pressure", "gauge",
	    "How much a worker sheds: up to 1 of class normal, up to 2 of "
	    "priority, up to 3 of emergency.");
	for (uint32_t w = 0; w < workers; w++) {
		slot_info(r, w, &i);
		text_printf(out,
		    "penstock_overload_pressure{worker=\"%u\"} %u.%03u\n", w,
		    i.pressure / 1000, i.pressure % 1000);
	}
}
