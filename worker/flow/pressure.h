/*
 * pressure.h - from how a worker fares, how much it sheds: a controller.
 *
 *   measures --> excess over their limits --> level 0..3000 --> part of a class
 *
 * The level rises while a measure is beyond its limit, in proportion to that
 * and to its time (a controller of kind PI), and falls slowly otherwise. So it
 * comes to rest where what is let in keeps the measure at its limit.
 */
#ifndef WORKER_FLOW_PRESSURE_H
#define WORKER_FLOW_PRESSURE_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/image.h"

#define PRESSURE_MAX 3000u
#define PRESSURE_STEP_US 100000u /* between two steps, or a little more */

/* What is beyond its limit. */
enum pressure_cause {
	PRESSURE_NONE,
	PRESSURE_LAG,
	PRESSURE_CONNECTIONS,
	PRESSURE_MEMORY,
};

struct pressure_measures {
	uint64_t lag_us; /* that events waited, in the time since the last */
	uint32_t connections, connections_max;
	bool reclaimed; /* idle ones were just closed, others may be left */
	uint64_t memory_bytes;           /* 0: not known */
	uint32_t asked[IMG_CLASS_COUNT]; /* requests of each class */
};

/* All zero at first. */
struct pressure {
	uint32_t level;  /* 0: nothing is shed; up to PRESSURE_MAX */
	uint32_t cause;  /* enum pressure_cause: what was beyond it last */
	uint64_t lag_us; /* smoothed */
	int64_t sum;     /* of what was beyond; thousandths of a level */
	int32_t excess;  /* of the last step; thousandths of the limit */
	uint64_t asked[IMG_CLASS_COUNT]; /* of late */
};

/* After so many us, in which this was measured. */
void pressure_step(struct pressure *p, const struct img_overload *limits,
    const struct pressure_measures *m, uint64_t us);

/*
 * Thousandths of a class's requests that are shed at a level: those of `normal`
 * up to level 1000, then those of `priority` up to 2000, then up to half of
 * those of `emergency`. The level goes beyond a class only where at least a
 * tenth of what is asked for is of higher ones: else they are not what is too
 * much.
 */
uint32_t pressure_part(uint32_t level, enum img_class class);

#endif
