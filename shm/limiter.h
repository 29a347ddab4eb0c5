/*
 * limiter.h - protocol D: how often something may happen, exactly, over all
 * workers, without a lock. Of each key one cell of 16 bytes says what was
 * spent; a set of eight cells is two lines.
 *
 * BUCKET   GCRA: the cell has the time when the last charge is paid off (the
 *          theoretical arrival time); it may be so far ahead as `burst` charges
 *          take.
 * FIXED    So many in each window. Windows end at multiples of the period, or
 *          at `end_us` (quotas: the calendar).
 * SLIDING  The same windows; what counts is what was taken in this one, and of
 *          what was taken in the last one the part that a window which ends now
 *          would cover, were it spread evenly.
 *
 * A key takes the place of one whose time is over, else of the one that has
 * spent the smallest share of its limit (of two, the one that is over sooner),
 * which forgets it; that is counted. Two keys count as one if they agree in 42
 * bits of the hash.
 */
#ifndef SHM_LIMITER_H
#define SHM_LIMITER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* Separate tables: a flood of addresses cannot push identities out. */
enum limiter_table {
	LIMITER_ADDRESS, /* keys that clients can make up: addresses, headers */
	LIMITER_IDENTITY, /* users, tenants, services, routes, all together */
	LIMITER_QUOTA, /* quotas of whatever key; times are of the wall clock */
	LIMITER_TABLES
};

_Static_assert(LIMITER_TABLES <= LIMITER_TABLES_MAX, "tables in the layout");

enum limiter_kind { LIMITER_BUCKET, LIMITER_FIXED, LIMITER_SLIDING };

/* Periods, and each_ns * burst, are cut to this. */
#define LIMITER_TIME_MAX_US (UINT64_C(80) * 24 * 3600 * 1000000)
/* Windows end at multiples of this; of LIMITER_QUOTA at whole seconds. */
#define LIMITER_TICK_US 15625

struct limiter_rate {
	enum limiter_kind kind;
	uint64_t each_ns;   /* BUCKET: one more per so many ns; not 0 */
	uint64_t burst;     /* BUCKET: at once; not 0 */
	uint64_t count;     /* windows: so many in each; not 0; up to 2^32-1 */
	uint64_t period_us; /* windows; not 0 */
	uint64_t end_us;    /* FIXED: this window ends then; 0: at a multiple of
			       the period */
	uint64_t whole_ns;  /* BUCKET, if others charge the same key by another
			       rate: how deep the deepest one is; else 0 */
};

/* What is counted by: a hash of limit and bytes, and both for people. */
#define LIMITER_KEY_BYTES 47
struct limiter_key {
	uint64_t hash;
	uint64_t limit; /* img_limit.id, img_ban_rule.id, or another constant */
	uint8_t n;
	uint8_t bytes[LIMITER_KEY_BYTES]; /* limiter_key.h says of what form */
};

/* What is left after a charge, or a refusal. */
struct limiter_left {
	uint64_t limit;     /* burst, or count */
	uint64_t remaining; /* that could be taken now */
	uint64_t wait_us;   /* refused: until one more can be taken; else 0 */
	uint64_t reset_us;  /* until all can be taken again */
};

/*
 * One more? False: not yet. now_us: since the region's birth; of LIMITER_QUOTA
 * the wall clock. It may be a little behind. A limit that became lower counts
 * as one full bucket at most, but for as much as a clock may be behind; a
 * window whose period changed goes on with what was spent. So it is put right
 * with the next charge, or refusal.
 */
bool limiter_take(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t now_us, struct limiter_left *left);

/*
 * Gives one back that was taken, unless it is forgotten. now_us and rate are
 * those of the take, so that it is given back to its window.
 */
void limiter_refund(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t now_us);

/* ---- master ---- */

/*
 * Frees the places of keys whose time is over for a while. To be done at least
 * once in half a year: a cell knows when it was for no longer.
 */
void limiter_sweep(struct region *r, enum limiter_table table, uint64_t now_us);

/* For metrics: keys that were forgotten before their time. */
uint64_t limiter_evicted(const struct region *r, enum limiter_table table);

/*
 * How many keys have spent something that counts still. *sum, if not NULL, is
 * another one when a cell was changed.
 */
uint64_t limiter_used(const struct region *r, enum limiter_table table,
    uint64_t now_us, uint64_t *sum);

/*
 * A cell whose time is not over and whose name is known. (A name is written
 * with a key's first charge; if its process dies just then, with the next. One
 * that is found to be wrong is written again.)
 */
struct limiter_seen {
	struct limiter_key key;
	uint64_t over_us, state; /* limiter_look makes something of them */
};
typedef void limiter_seen_fn(void *user, const struct limiter_seen *seen);
void limiter_each(const struct region *r, enum limiter_table table,
    uint64_t now_us, limiter_seen_fn *fn, void *user);

/* What such a cell has left by this rate. */
void limiter_look(enum limiter_table table, const struct limiter_seen *seen,
    const struct limiter_rate *rate, uint64_t now_us,
    struct limiter_left *left);

/* Forgets what a key has spent. False: nothing was known of it. */
bool limiter_reset(const struct region *r, enum limiter_table table,
    const struct limiter_key *key);

/*
 * Quotas kept over a restart: so many were taken in the window that ends at
 * rate->end_us (FIXED). Adds nothing where more is known.
 */
void limiter_restore(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t spent, uint64_t now_us);

#endif
