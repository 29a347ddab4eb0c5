/*
 * refused.h - credentials that were refused a moment ago by whoever had to be
 * asked: this worker's own short memory, so that repeating them costs nobody
 * else anything. What is forgotten early is asked again.
 */
#ifndef WORKER_FLOW_REFUSED_H
#define WORKER_FLOW_REFUSED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/slice.h"

struct refused;

/* NULL: no memory. */
struct refused *refused_new(void);
void refused_free(struct refused *r);

/* `hash` is the authenticator's, of 32 bytes. */
void refused_note(struct refused *r, const uint8_t *hash, struct slice text,
    struct mono until);
bool refused_lately(const struct refused *r, const uint8_t *hash,
    struct slice text, struct mono now);

#endif
