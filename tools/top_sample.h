/*
 * top_sample.h - one reading of all that top shows, out of the region alone: it
 * needs nobody's help, and holds nobody up.
 */
#ifndef TOOLS_TOP_SAMPLE_H
#define TOOLS_TOP_SAMPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/breaker.h"
#include "shm/counters.h"
#include "shm/histo.h"
#include "shm/readers.h"
#include "shm/slots.h"

/* Requests, by how they were answered. */
struct top_answers {
	uint64_t all, refused, failed; /* 4xx; 5xx */
};

/* Of a registry slot; the last one is of no service. */
struct top_service_read {
	struct slice name; /* in the region */
	struct top_answers answers;
	struct histo_sum took;
	uint32_t endpoints, usable, active; /* as of now */
};

struct top_endpoint_read {
	uint32_t index, tag, service;
	bool usable;
	uint32_t active;
	uint64_t calls, failed;
	bool timed; /* it has a histogram of its own */
	struct histo_sum took;
};

struct top_breaker_read {
	uint32_t service, index; /* index REGISTRY_NONE: the service's own */
	enum breaker_state state;
	uint64_t wait_us;
};

struct top_limit_read {
	struct slice name; /* in the region */
	uint64_t refused;
};

struct top_worker_read {
	struct slot_info slot;
	uint64_t requests, connections;
};

struct top_log_read {
	uint64_t id, lines, bytes, lost;
	int32_t error;
};

struct top_sample {
	uint64_t at_us, generation;
	uint64_t counters[COUNTER_COUNT];
	uint64_t whys[WHYS_MAX];
	struct top_answers answers;
	struct histo_sum took;
	struct top_service_read *services;
	struct top_endpoint_read *endpoints; /* by index */
	struct top_breaker_read *breakers;   /* those that are not closed */
	struct top_limit_read *limits;       /* by row */
	struct top_worker_read *workers;
	struct slot_info master;
	struct top_log_read logs[READERS_LOGS_MAX];
	uint32_t service_count, endpoint_count, breaker_count, limit_count;
	uint32_t worker_count, log_count;
	int32_t reader; /* pid of penstocklog; 0: none */
	uint64_t reader_beat_us, records, records_lost, spans, spans_lost;
};

/* Reads all. No memory is fatal; to be ended by top_sample_fini. */
void top_sample_take(struct top_sample *s, const struct region *r);
void top_sample_fini(struct top_sample *s);

#endif
