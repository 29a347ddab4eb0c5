/*
 * prom.h - writes metrics as Prometheus reads them: its own text format (0.0.4)
 * or OpenMetrics 1.0.
 *
 *	prom_family(p, METRIC_X);
 *	for each:  prom_sample(p); prom_label(p, ...); prom_u64(p, value);
 *
 * Both formats have the same samples, with the same labels, so that a reader
 * may change from one to the other.
 */
#ifndef MASTER_PROM_H
#define MASTER_PROM_H

#include "common/base/text.h"
#include "master/metrics.h"

#define PROM_PREFIX "penstock_"
#define PROM_TEXT_TYPE "text/plain; version=0.0.4; charset=utf-8"
#define PROM_OPEN_TYPE \
	"application/openmetrics-text; version=1.0.0; charset=utf-8"

struct prom {
	struct text *out;
	bool open;         /* OpenMetrics */
	bool labelled;     /* the sample at hand has a label */
	struct slice name; /* of the samples of the family at hand */
};

/* True: a client that says this in Accept wants OpenMetrics. */
bool prom_accept(struct slice accept);

/* Begins a family: what is told of it, before its samples. */
void prom_family(struct prom *p, enum metric m);
/* False: the family has begun already, with a label less. */
bool prom_counter_family(struct prom *p, enum counter c);

/* One sample: its labels, then its value. */
void prom_sample(struct prom *p);
void prom_label(struct prom *p, const char *key, struct slice value);
void prom_u64(struct prom *p, uint64_t value);
/* value / 10^digits */
void prom_fixed(struct prom *p, int64_t value, unsigned digits);

/* A family of one sample. */
void prom_single(struct prom *p, enum metric m, uint64_t value);
/* A sample with one label. */
void
prom_pair(struct prom *p, const char *key, const char *value, uint64_t count);

/* Nothing follows. */
void prom_end(struct prom *p);

/* As a part of a line: escaped for a label; value / 10^digits. */
void prom_add_label(struct text *out, const char *key, struct slice value);
void prom_add_fixed(struct text *out, int64_t value, unsigned digits);

#endif
