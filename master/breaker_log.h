/*
 * breaker_log.h - tells the log of transitions of breakers, once each.
 */
#ifndef MASTER_BREAKER_LOG_H
#define MASTER_BREAKER_LOG_H

#include <stdint.h>

#include "shm/region.h"

struct breaker_log {
	uint64_t changes; /* history_changes when it was last looked at */
	uint64_t *logged; /* per breaker: number of the last that was told */
};

/* What a predecessor has left is not told again. No memory is fatal. */
void breaker_log_init(struct breaker_log *l, const struct region *r);
void breaker_log_fini(struct breaker_log *l);

/* Tells what is new; to be called every now and then. */
void breaker_log_look(struct breaker_log *l, const struct region *r);

#endif
