/*
 * limiter.h - protocol D: how often something may happen, exactly, over all
 * workers, without a lock. GCRA in one word per key; a set of keys is a line.
 *
 * A key takes the place of one whose time is over, else of the one that is
 * nearest to it, which forgets what that one had spent.
 */
#ifndef SHM_LIMITER_H
#define SHM_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* Separate tables: a flood of addresses cannot push identities out. */
enum limiter_table { LIMITER_ADDRESS, LIMITER_IDENTITY, LIMITER_TABLES };

struct limiter_rate {
	uint64_t each_us; /* one more per so many us; not 0 */
	uint32_t burst;   /* at once; not 0 */
};

/*
 * One more of `key` (a hash that includes which limit it is)? False: not yet;
 * *wait_us says for how long.
 */
bool
limiter_take(const struct region *r, enum limiter_table table, uint64_t key,
    const struct limiter_rate *rate, uint64_t now_us, uint64_t *wait_us);

/* Gives one back that was taken. */
void limiter_refund(const struct region *r, enum limiter_table table,
    uint64_t key, const struct limiter_rate *rate, uint64_t now_us);

#endif
