/*
 * counters.c - blocks of counters per worker and their sums.
 */
#include "shm/counters.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/step.h"
#include "shm/word.h"

_Static_assert(COUNTER_COUNT <= COUNTERS_MAX, "layout.h has room for them");

static const char *const counter_types[COUNTER_COUNT] = {
#define COUNTER(id, name, type, help) [COUNTER_##id] = type,
#include "shm/counters.def"
};

static bool
counter_is_gauge(enum counter c)
{
	return strcmp(counter_types[c], "gauge") == 0;
}

_Atomic uint64_t *
counters_block(const struct region *r, uint32_t w)
{
	MUST(w < WORKERS_MAX);
	return r->state->meters[w].counters;
}

uint64_t
counters_sum(const struct region *r, enum counter c)
{
	uint64_t sum = 0;

	MUST(c < COUNTER_COUNT);
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum += atomic_load_explicit(
		    &r->state->meters[w].counters[c], memory_order_relaxed);
	return sum;
}

void
counters_recover_worker(const struct region *r, uint32_t w)
{
	_Atomic uint64_t *block = counters_block(r, w);

	for (enum counter c = 0; c < COUNTER_COUNT; c++) {
		if (!counter_is_gauge(c))
			continue;
		SHM_STEP("gauge");
		atomic_store_explicit(&block[c], 0, memory_order_relaxed);
	}
}

void
counters_why(const struct region *r, uint32_t w, uint32_t why)
{
	MUST(w < WORKERS_MAX && why < WHYS_MAX);
	word_add(&r->state->meters[w].whys[why], 1);
}

uint64_t
counters_why_sum(const struct region *r, uint32_t why)
{
	uint64_t sum = 0;

	MUST(why < WHYS_MAX);
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum += atomic_load_explicit(
		    &r->state->meters[w].whys[why], memory_order_relaxed);
	return sum;
}
