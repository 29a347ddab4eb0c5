/*
 * prom_gateway.h - the metrics that are made of the region and of /proc alone.
 */
#ifndef MASTER_PROM_GATEWAY_H
#define MASTER_PROM_GATEWAY_H

#include "master/prom.h"
#include "shm/region.h"

/* The gateway as a whole, its configuration, its processes, its counters; then
 * all of the below. */
void prom_gateway_write(const struct region *r, struct prom *p);

/* Requests and exchanges by their labels (prom_series.c), their durations
 * (prom_histo.c). */
void prom_series_write(const struct region *r, struct prom *p);
void prom_histos_write(const struct region *r, struct prom *p);

/* What workers say of their load (prom_load.c). */
void prom_load_write(const struct region *r, struct prom *p);

/* What every process of ours that lives takes (prom_process.c). */
void prom_process_write(const struct region *r, struct prom *p);

#endif
