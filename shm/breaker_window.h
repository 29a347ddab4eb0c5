/*
 * breaker_window.h - how the calls of the last `window_us` went that a closed
 * breaker let through: rows per worker, summed on a failure.
 *
 * A bucket is an eighth of the window, so that it ends between seven eighths
 * of the window and all of it ago. A reload that changes the window forgets
 * what was counted with the other.
 */
#ifndef SHM_BREAKER_WINDOW_H
#define SHM_BREAKER_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

#define BREAKER_WINDOW_MIN_US 8000u

struct breaker_sums {
	uint32_t calls, failed, slow;
};

/* Worker w: a call of this epoch ended. */
void breaker_window_add(const struct region *r, uint32_t w, uint32_t breaker,
    uint64_t window_us, uint32_t epoch, uint64_t now_us, bool failed,
    bool slow);

/* Over all workers; calls of this epoch only. */
void
breaker_window_sum(const struct region *r, uint32_t breaker, uint64_t window_us,
    uint32_t epoch, uint64_t now_us, struct breaker_sums *sums);

/* Keeper, once w is reaped: what it had seen is forgotten. */
void breaker_window_recover(const struct region *r, uint32_t w);

#endif
