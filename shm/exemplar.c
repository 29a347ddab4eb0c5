/*
 * exemplar.c - see exemplar.h.
 */
#include "shm/exemplar.h"

#include <string.h>

#include "common/base/hash.h"
#include "shm/histo.h"

/* Of all the words, in their order; never 0, which an unused one has. */
static uint64_t
exemplar_check(const uint64_t trace[2], uint64_t us, int64_t wall_us)
{
	uint64_t h = hash_u64(trace[0] ^ 0x9e3779b97f4a7c15u);

	h = hash_u64(h ^ trace[1]);
	h = hash_u64(h ^ us);
	return hash_u64(h ^ (uint64_t)wall_us) | 1;
}

void
exemplar_add(const struct region *r, uint32_t row, const struct exemplar *e)
{
	struct shm_exemplars *all = &r->state->exemplars;
	struct shm_exemplar *to;
	uint64_t trace[2];

	if (row >= HISTO_OWN_MAX)
		return;
	if (atomic_load_explicit(&all->any, memory_order_relaxed) == 0)
		atomic_store_explicit(&all->any, 1, memory_order_relaxed);
	memcpy(trace, e->trace_id, sizeof(trace));
	to = &all->row[row][histo_bucket(e->us)];
	atomic_store_explicit(&to->trace[0], trace[0], memory_order_relaxed);
	atomic_store_explicit(&to->trace[1], trace[1], memory_order_relaxed);
	atomic_store_explicit(&to->us, e->us, memory_order_relaxed);
	atomic_store_explicit(&to->wall_us, e->wall_us, memory_order_relaxed);
	atomic_store_explicit(&to->check,
	    exemplar_check(trace, e->us, e->wall_us), memory_order_release);
}

bool
exemplar_get(
    const struct region *r, uint32_t row, uint32_t bucket, struct exemplar *e)
{
	struct shm_exemplars *all = &r->state->exemplars;
	struct shm_exemplar *from;
	uint64_t trace[2], check;

	if (row >= HISTO_OWN_MAX || bucket >= HISTO_BUCKETS ||
	    atomic_load_explicit(&all->any, memory_order_relaxed) == 0)
		return false;
	from = &all->row[row][bucket];
	check = atomic_load_explicit(&from->check, memory_order_acquire);
	if (check == 0)
		return false;
	trace[0] = atomic_load_explicit(&from->trace[0], memory_order_relaxed);
	trace[1] = atomic_load_explicit(&from->trace[1], memory_order_relaxed);
	e->us = atomic_load_explicit(&from->us, memory_order_relaxed);
	e->wall_us = atomic_load_explicit(&from->wall_us, memory_order_relaxed);
	memcpy(e->trace_id, trace, sizeof(trace));
	return check == exemplar_check(trace, e->us, e->wall_us) &&
	    histo_bucket(e->us) == bucket;
}
