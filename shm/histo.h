/*
 * histo.h - duration histograms, single writer, summed on read: of routes and
 * endpoints that have one of their own (histo_own.h), and of services what is
 * left. Nothing is counted twice within a kind.
 *
 * Buckets: OpenTelemetry's for HTTP server durations (5 ms to 10 s) with finer
 * ones below 5 ms.
 */
#ifndef SHM_HISTO_H
#define SHM_HISTO_H

#include <stdint.h>

#include "shm/region.h"

enum histo_kind {
	/* By route and service, and by endpoint and service: */
	HISTO_REQUEST,  /* request_duration_seconds */
	HISTO_UPSTREAM, /* upstream_duration_seconds */
	/* By service: */
	HISTO_OVERHEAD, /* gateway_overhead_seconds */
	HISTO_KINDS
};

/* Upper bounds in us, ascending; the last bucket (+Inf) is not listed. */
extern const uint64_t histo_bounds_us[HISTO_BUCKETS - 1];

/* The first bucket whose bound is not below us: bounds are inclusive. */
uint32_t histo_bucket(uint64_t us);

/*
 * Brings what most durations are counted in nearer: some time before
 * histo_add_own, whose arguments these are.
 */
void histo_prefetch(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t own, uint32_t service);

/*
 * a: route row or endpoint index, of OVERHEAD nothing; service: registry slot;
 * either may be REGISTRY_NONE. Returns the row that it has of its own, or
 * HISTO_NONE: it went to the service's.
 */
uint32_t histo_add(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t a, uint32_t service, uint64_t us);
/* The same where histo_own_row was asked before; own: what it said, of OVERHEAD
 * HISTO_NONE. */
void histo_add_own(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t own, uint32_t service, uint64_t us);

struct histo_sum {
	uint64_t buckets[HISTO_BUCKETS]; /* not cumulative */
	uint64_t sum_us, count;
};
/* What was counted for a service, in none of the rows of their own. */
void histo_collect(const struct region *r, enum histo_kind kind,
    uint32_t service, struct histo_sum *out);
/* A row of its own, below histo_own_count(). */
void histo_collect_own(const struct region *r, enum histo_kind kind,
    uint32_t row, struct histo_sum *out);
/* All that worker w has counted of a kind. */
uint64_t
histo_count_of(const struct region *r, uint32_t w, enum histo_kind kind);

#endif
