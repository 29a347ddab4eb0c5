/*
 * top_view.h - two readings as what happened between them: rates, quantiles,
 * and who is first. Pure, but for names, which are slices of the region.
 */
#ifndef TOOLS_TOP_VIEW_H
#define TOOLS_TOP_VIEW_H

#include "tools/top_sample.h"

enum top_order { TOP_BY_RATE, TOP_BY_TIME, TOP_BY_FAILED, TOP_BY_NAME };
#define TOP_ORDERS 4
const char *top_order_name(enum top_order o); /* "rate", "p99", ... */

/* How calls went: rates per second in thousandths, shares as top_share. */
struct top_flow {
	uint64_t rate, refused, failed;
	uint64_t p50, p95, p99; /* us, or TOP_NONE, TOP_BEYOND */
};

struct top_service {
	struct slice name; /* empty: of requests without one */
	struct top_flow flow;
	uint32_t endpoints, usable, active;
};

struct top_endpoint {
	struct slice service, name;
	struct top_flow flow;
	bool usable;
	uint32_t active;
};

struct top_reason {
	const char *word, *fault;
	unsigned status;
	uint64_t rate;
};

struct top_breaker {
	struct slice service, endpoint; /* endpoint empty: all of it */
	enum breaker_state state;
	uint64_t wait_us;
};

struct top_limit {
	struct slice name;
	uint64_t rate;
};

struct top_worker {
	struct slot_info slot;
	uint64_t beat_age_us; /* since it was seen alive */
	uint64_t rate, connections;
};

struct top_log {
	uint64_t id;
	uint64_t lines, bytes, lost; /* rates */
	uint64_t lost_so_far;
	int32_t error;
};

struct top_view {
	uint64_t us;    /* between the readings; never 0 */
	uint64_t at_us; /* of the second */
	uint64_t generation;
	struct top_flow flow;
	uint64_t active, connections, waiting;       /* as of now */
	uint64_t in, out, upstream_in, upstream_out; /* bytes */
	uint64_t accepted, retries, connects, shed;  /* rates, too */
	uint64_t records, records_lost, spans, spans_lost;
	bool reader; /* somebody writes logs */
	uint64_t reader_age_us, master_age_us;
	struct top_service *services;
	struct top_endpoint *endpoints;
	struct top_reason *reasons;
	struct top_breaker *breakers;
	struct top_limit *limits; /* those that refused */
	struct top_worker *workers;
	struct top_log *logs;
	uint32_t service_count, endpoint_count, reason_count, breaker_count;
	uint32_t limit_count, worker_count, log_count;
};

/* Of the same region; `now` is the later one. To be ended by top_view_fini. */
void top_view_make(struct top_view *v, const struct region *r,
    const struct top_sample *before, const struct top_sample *now,
    enum top_order order);
void top_view_fini(struct top_view *v);

/* Its rows in another order; reasons and limits are always by rate. */
void top_view_sort(struct top_view *v, enum top_order order);

#endif
