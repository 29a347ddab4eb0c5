/*
 * prom_breakers.h - the metrics of breakers that are in use.
 */
#ifndef MASTER_PROM_BREAKERS_H
#define MASTER_PROM_BREAKERS_H

#include "master/prom.h"
#include "shm/region.h"

void prom_breakers_write(const struct region *r, struct prom *p);

#endif
