/*
 * tally.c - counts how calls went: rows of one writer, summed when read.
 */
#include "shm/tally.h"

#include "common/base/must.h"
#include "shm/word.h"

void
tally_add(
    const struct region *r, uint32_t w, uint32_t index, bool ok, uint64_t us)
{
	MUST(w < WORKERS_MAX && index < ENDPOINTS_MAX);
	struct shm_tally *t = &r->state->tallies[w].endpoint[index];

	if (!ok) {
		word_add(&t->failed, 1);
		return;
	}
	word_add(&t->answered, 1);
	word_add(&t->answered_us, us);
}

void
tally_sum(const struct region *r, uint32_t index, struct tally *t)
{
	MUST(index < ENDPOINTS_MAX);
	*t = (struct tally){ 0 };
	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		struct shm_tally *row = &r->state->tallies[w].endpoint[index];

		t->answered +=
		    atomic_load_explicit(&row->answered, memory_order_relaxed);
		t->failed +=
		    atomic_load_explicit(&row->failed, memory_order_relaxed);
		t->answered_us += atomic_load_explicit(
		    &row->answered_us, memory_order_relaxed);
	}
}
