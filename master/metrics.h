/*
 * metrics.h - every metric there is, as metrics.def and counters.def say: what
 * is written, what the manual tells, and what alerts may name.
 */
#ifndef MASTER_METRICS_H
#define MASTER_METRICS_H

#include "common/base/slice.h"
#include "shm/counters.h"

enum metric {
#define METRIC(id, name, type, labels, help) METRIC_##id,
#include "master/metrics.def"
	METRIC_COUNT
};

enum metric_type {
	METRIC_TYPE_COUNTER,
	METRIC_TYPE_GAUGE,
	METRIC_TYPE_HISTOGRAM,
	METRIC_TYPE_INFO
};

struct metric_info {
	struct slice name; /* without "penstock_" */
	enum metric_type type;
	struct slice labels; /* names, with commas between them */
	struct slice unit;   /* "seconds", "bytes" or empty */
	const char *help;    /* of counters: empty, if another one has it */
};

void metric_info(enum metric m, struct metric_info *i);
void metric_counter_info(enum counter c, struct metric_info *i);

/* "counter", "gauge", "histogram" or "info". */
const char *metric_type_word(enum metric_type t);

/* Each family once, in the order in which they are written. */
void
metrics_each(void (*fn)(void *ctx, const struct metric_info *i), void *ctx);

#endif
