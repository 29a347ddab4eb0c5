/*
 * limiter_inside.h - for the limiter alone: how a cell is read and written.
 *
 *	hi  {tag:26, pending:1, named:1, share:4, over:32}
 *	lo  {state:64}
 *
 *	tag    of the key (the set says the rest); 0: the place is empty
 *	named  the key's name has been written beside it
 *	share  what of its limit the key had spent at its last charge: 15 from a
 *	       half on, 14 from a quarter on, and so on
 *	over   when nothing of it counts any more, in ticks, modulo 2^32
 *	state  struct account's word; of a place that is PENDING a number of
 *	       this claim, from a count of all claims in the table, which never
 *	       comes back
 */
#ifndef SHM_LIMITER_INSIDE_H
#define SHM_LIMITER_INSIDE_H

#include "shm/limiter_account.h"

#define CELL_TAG_SHIFT 38
#define CELL_PENDING_BIT (UINT64_C(1) << 37)
#define CELL_NAMED (UINT64_C(1) << 36)
#define CELL_SHARE_SHIFT 32
#define CELL_SHARE_MAX 15
#define CELL_SHARE ((uint64_t)CELL_SHARE_MAX << CELL_SHARE_SHIFT)
#define WAY_NONE LIMITER_WAYS

#define TICK_WALL_US 1000000 /* of LIMITER_QUOTA */

enum cell_state { CELL_EMPTY, CELL_PENDING, CELL_LIVE };

struct cell {
	uint64_t hi, lo;
};

/* A key's set, the key's bits in a cell, and what time it is. */
struct limit {
	struct shm_limiter *table;
	struct cas16 *cell;            /* LIMITER_WAYS of them */
	struct shm_limiter_name *name; /* of the first; see limit_name_at */
	uint64_t tag;
	struct account_clock clock;
};

struct limit limit_make(const struct region *r, enum limiter_table table,
    uint64_t hash, uint64_t now_us);
struct shm_limiter *
limiter_at(const struct region *r, enum limiter_table table);
struct account_clock limiter_clock(enum limiter_table table, uint64_t now_us);

/* May there be anything in its page? */
bool limit_is_touched(const struct limit *l);
void limit_touch(const struct limit *l);

/* Both halves, as they were at one time. */
struct cell limit_read(const struct limit *l, uint32_t i);
/* False: it is not as it was. */
bool limit_swap(const struct limit *l, uint32_t i, const struct cell *from,
    const struct cell *to);
/* K3: settles a place that is PENDING. */
void limit_promote(const struct limit *l, uint32_t i, const struct cell *o);
/* The lowest place of the key, PENDING or LIVE, and its cell; WAY_NONE. */
uint32_t limit_find(const struct limit *l, struct cell *o);
/* The key's place, LIVE; it is claimed if there is none. */
uint32_t limit_enter(const struct limit *l, struct cell *o);
/* Of a LIVE cell. */
struct account limit_account(const struct limit *l, const struct cell *o);
/* A LIVE cell with this account; `more`: CELL_NAMED and share. */
struct cell
limit_live(const struct limit *l, const struct account *a, uint64_t more);
/* The share of what was spent, as it is in a cell. */
uint64_t limit_share(const struct limiter_left *left);

/* The name that goes with a place. */
static inline struct shm_limiter_name *
limit_name_at(const struct limit *l, uint32_t i)
{
	return l->name + (size_t)i * LIMITER_SETS;
}

/* Writes the key's name beside its place. */
void
limit_name(const struct limit *l, uint32_t i, const struct limiter_key *key);

static inline enum cell_state
cell_state(const struct cell *o)
{
	if (o->hi >> CELL_TAG_SHIFT == 0)
		return CELL_EMPTY;
	return (o->hi & CELL_PENDING_BIT) != 0 ? CELL_PENDING : CELL_LIVE;
}

/* Whole ones; by constants, which take no division. */
static inline uint64_t
limit_ticks(const struct limit *l, uint64_t us)
{
	return l->clock.tick_us == TICK_WALL_US ? us / TICK_WALL_US
						: us / LIMITER_TICK_US;
}

/* How many ticks its time is not over for yet; negative: it was over then. */
static inline int32_t
cell_ahead(const struct limit *l, const struct cell *o)
{
	uint32_t now = (uint32_t)limit_ticks(l, l->clock.now_us);

	return (int32_t)((uint32_t)o->hi - now);
}

static inline bool
cell_is_over(const struct limit *l, const struct cell *o)
{
	return cell_ahead(l, o) <= 0;
}

#endif
