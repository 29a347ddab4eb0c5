/*
 * prom.h - all metrics in Prometheus' text format.
 */
#ifndef MASTER_PROM_H
#define MASTER_PROM_H

#include "common/base/text.h"
#include "shm/region.h"

/* Appends every metric; reads nothing but the region and /proc. */
void prom_write(const struct region *r, struct text *out);

/* CPU time and memory of every process of ours that lives (prom_process.c). */
void prom_process_write(const struct region *r, struct text *out);

/* What workers say of their load (prom_load.c). */
void prom_load_write(const struct region *r, struct text *out);

/* "# HELP" and "# TYPE" of penstock_<name>. */
void prom_help(
    struct text *out, const char *name, const char *type, const char *help);

/* key="value", escaped. */
void prom_label(struct text *out, const char *key, struct slice value);

#endif
