/*
 * limit_rate.h - what a limit of the configuration is to a request of a class,
 * while some share of them is shed: workers charge by it, the master shows what
 * is left.
 */
#ifndef SHM_LIMIT_RATE_H
#define SHM_LIMIT_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "shm/img_protect.h"
#include "shm/limiter.h"

/*
 * How much of the limit is in force, in thousandths; 0: the class is not
 * counted. `pressure`: thousandths of what is of class normal that are being
 * shed.
 */
uint32_t
limit_in_force(const struct img_limit *l, uint32_t class, uint32_t pressure);

/* CONCURRENCY: at once, with that share of it (not 0). */
uint32_t limit_at_once(const struct img_limit *l, uint32_t share);

/* The others: now, by the limit's clock, and what the limiter is to be asked
 * at that time. */
uint64_t limit_now_us(const struct img_limit *l);
void limit_rate(const struct img_limit *l, uint32_t share, uint64_t now_us,
    struct limiter_rate *out);

#endif
