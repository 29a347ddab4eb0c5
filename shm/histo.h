/*
 * histo.h - duration histograms per (worker, service), single writer, summed
 * on read.
 *
 * Buckets: OpenTelemetry's for HTTP server durations (5 ms to 10 s) with finer
 * ones below 5 ms.
 */
#ifndef SHM_HISTO_H
#define SHM_HISTO_H

#include <stdint.h>

#include "shm/region.h"

enum histo_kind {
	HISTO_REQUEST,  /* request_duration_seconds */
	HISTO_UPSTREAM, /* upstream_duration_seconds */
	HISTO_OVERHEAD, /* gateway_overhead_seconds */
	HISTO_KINDS
};

/* Upper bounds in us, ascending; the last bucket (+Inf) is not listed. */
extern const uint64_t histo_bounds_us[HISTO_BUCKETS - 1];

/* service: registry slot; REGISTRY_NONE goes to row 0 ("" - no service). */
void histo_add(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t service, uint64_t us);

struct histo_sum {
	uint64_t buckets[HISTO_BUCKETS]; /* not cumulative */
	uint64_t sum_us, count;
};
void histo_collect(const struct region *r, enum histo_kind kind,
    uint32_t service, struct histo_sum *out);

#endif
