/*
 * tally.h - how the calls to each endpoint went, per worker.
 *
 * Never reset, neither when a worker dies nor when the slot gets another
 * endpoint, because each row has one writer: who wants to know about a time
 * takes differences of sums.
 */
#ifndef SHM_TALLY_H
#define SHM_TALLY_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* Worker w, when a call ended; us: to the head of its answer, if ok. */
void tally_add(
    const struct region *r, uint32_t w, uint32_t index, bool ok, uint64_t us);

struct tally {
	uint64_t answered, failed; /* calls */
	uint64_t answered_us;      /* of the answered ones, summed */
};
/* Summed over workers. A call that ends meanwhile may be in one word already
 * and not in another. */
void tally_sum(const struct region *r, uint32_t index, struct tally *t);

#endif
