/*
 * exemplar.h - examples: of each bucket of a route's durations the last request
 * that is in a trace which was sampled.
 *
 * Written without a lock by any worker, and only for such requests; one that is
 * written by two at once, or by one that dies, is none until the next.
 */
#ifndef SHM_EXEMPLAR_H
#define SHM_EXEMPLAR_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

#define EXEMPLAR_TRACE_BYTES 16

struct exemplar {
	uint8_t trace_id[EXEMPLAR_TRACE_BYTES];
	uint64_t us;
	int64_t wall_us;
};

/* row: as histo_add gave it for HISTO_REQUEST; of HISTO_NONE nothing is kept.
 */
void
exemplar_add(const struct region *r, uint32_t row, const struct exemplar *e);

/* False: of this bucket there is none. */
bool exemplar_get(
    const struct region *r, uint32_t row, uint32_t bucket, struct exemplar *e);

#endif
