/*
 * counters.h - numbers that inform: a block per worker that it alone writes,
 * summed on read, kept over the worker's death.
 *
 * counters.def is the one list: enum, metric name, labels, help.
 */
#ifndef SHM_COUNTERS_H
#define SHM_COUNTERS_H

#include <stdint.h>

#include "shm/region.h"
#include "shm/word.h"

enum counter {
#define COUNTER(id, name, type, help) COUNTER_##id,
#include "shm/counters.def"
	COUNTER_COUNT
};

/* Worker w's block; counters[COUNTER_x] by single-writer relaxed stores. */
static inline void
counter_add(_Atomic uint64_t *block, enum counter c, uint64_t by)
{
	word_add(&block[c], by);
}

_Atomic uint64_t *counters_block(const struct region *r, uint32_t w);
/* The sum over workers. */
uint64_t counters_sum(const struct region *r, enum counter c);

/* After worker w was reaped: its gauges are zero, its counters stay. */
void counters_recover_worker(const struct region *r, uint32_t w);

/*
 * Answers made by the gateway itself, by reason: replies_total{why}. The index
 * is enum why (worker/flow/why.def), at most WHYS_MAX.
 */
void counters_why(const struct region *r, uint32_t w, uint32_t why);
uint64_t counters_why_sum(const struct region *r, uint32_t why);

/*
 * requests_total{route,service,method,code}: a per-worker open-addressed table
 * of series. When it is full, new ones count for SERIES_OTHER instead of the
 * route, so that sums stay exact: of their service, or at last of all services.
 * upstream_requests_total{service,endpoint,code} likewise, and
 * rate_limited_total{limit}.
 */
enum series_kind {
	SERIES_REQUEST = 1,
	SERIES_UPSTREAM = 2,
	SERIES_LIMITED = 3,
};

#define SERIES_OTHER \
	(UINT32_MAX - 1) /* as a or service; told apart from none */

/*
 * a: route row, endpoint index, or row of limit_names.h; method: enum
 * http_method of a request, else 0; of LIMITED no service and code 0.
 */
void series_add(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t a, uint32_t service, uint32_t method, uint32_t code);

/* Brings the line of `a` nearer: some time before series_add. */
void series_prefetch(
    const struct region *r, uint32_t w, enum series_kind kind, uint32_t a);

struct series_sum {
	enum series_kind kind;
	uint32_t a, service, method, code;
	uint64_t count;
};

/*
 * All series summed over the workers, sorted by kind, a, service, method,
 * code; the caller frees *out. Returns how many; *folded: counted without their
 * names.
 */
uint32_t series_collect(
    const struct region *r, struct series_sum **out, uint64_t *folded);

#endif
