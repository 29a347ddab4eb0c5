/*
 * prom_endpoints.h - the metrics of endpoints, services and probes.
 */
#ifndef MASTER_PROM_ENDPOINTS_H
#define MASTER_PROM_ENDPOINTS_H

#include "master/probes.h"
#include "master/prom.h"

/* Of the endpoints that are in a service's set, and of the services. */
void prom_endpoints_write(const struct region *r, struct prom *p);

void prom_probes_write(const struct probes *probes, struct prom *p);

#endif
