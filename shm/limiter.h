/*
 * limiter.h - protocol D: how often something may happen, exactly, over all
 * workers, without a lock. GCRA: of each key one word says when its last charge
 * is paid off (tat, theoretical arrival time); it may be so far ahead as
 * `burst` charges take. A set of eight keys is a line.
 *
 * A key takes the place of one whose time is over, else of the one that is
 * nearest to it, which forgets what that one had spent. Two keys count as one
 * if they agree in 36 bits of the hash.
 */
#ifndef SHM_LIMITER_H
#define SHM_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* Separate tables: a flood of addresses cannot push identities out. */
enum limiter_table { LIMITER_ADDRESS, LIMITER_IDENTITY, LIMITER_TABLES };

_Static_assert(LIMITER_TABLES <= LIMITER_TABLES_MAX, "tables in the layout");

/* each_us * burst is cut to this. */
#define LIMITER_DEPTH_MAX_US (UINT64_C(80) * 24 * 3600 * 1000000)

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

/* Gives one back that was taken, unless it is forgotten. */
void limiter_refund(const struct region *r, enum limiter_table table,
    uint64_t key, const struct limiter_rate *rate, uint64_t now_us);

/* ---- master ---- */

/*
 * Frees the places of keys whose time is over. To be done at least once a week:
 * a word knows when it was for no longer.
 */
void limiter_sweep(struct region *r, uint64_t now_us);

/* For metrics: keys that were forgotten before their time. */
uint64_t limiter_evicted(const struct region *r, enum limiter_table table);

#endif
