/*
 * limiter.c - protocol D. The labels are those of tests/model/limiter.pml.
 *
 *	     claim K1            promote K3
 *	EMPTY ---------> PENDING ---------> LIVE --. C charge, refund
 *	  ^ ^               |  ^              |  ^-'
 *	  | '---------------'  '--------------'
 *	  |   K2, K3: another   K1: another key
 *	  |   has the key       takes the place
 *	  '-----------------------------------'  sweep, once it is over; reset
 *
 * All of a place is 16 bytes, changed by one compare-and-swap: whose it is
 * (some bits of the key; the set says the others), whether it counts, and what
 * was spent. So a charge is never put to another key's account, a window that
 * ends is followed by the next one together with the first charge in it, and
 * who is killed leaves a charge made or not made.
 *
 * What is left to see to is that no key has two places that are LIVE, with half
 * of its charges each. It is the rule of keyed.c: a place is PENDING first, and
 * who makes it LIVE has seen, after K1, that no other place is LIVE with this
 * key, nor a lower one PENDING; a higher one that is PENDING is emptied. The
 * proof is there, too. Whoever comes upon a place that is PENDING settles it.
 *
 * A place that is PENDING must not come back, or a swap might be about a later
 * claim than it looked round for: each claim has a number of its own.
 *
 * A cell is read by halves: hi, lo, and hi again until both are the same. Then
 * lo was there while hi was, unless the place has changed hands twice between
 * two loads and ended at the same key, tick and share. Even so no charge would
 * be lost or made twice: the swap expects both halves.
 */
#include "shm/limiter.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/limiter_inside.h"
#include "shm/step.h"
#include "shm/touched.h"

_Static_assert(LIMITER_TIME_MAX_US * 2 / LIMITER_TICK_US < INT32_MAX,
    "over of windows that slide");

/* ---- cells ---- */

static struct cell
cell_empty(void)
{
	return (struct cell){ 0, 0 };
}

static bool
cell_is_of(uint64_t hi, uint64_t tag)
{
	return hi >> CELL_TAG_SHIFT == tag;
}

struct account
limit_account(const struct limit *l, const struct cell *o)
{
	uint64_t now = limit_ticks(l, l->clock.now_us);

	return (struct account){
		.word = o->lo,
		.over_us = cell_is_over(l, o)
		    ? 0
		    : (now + (uint32_t)cell_ahead(l, o)) * l->clock.tick_us,
	};
}

struct cell
limit_live(const struct limit *l, const struct account *a, uint64_t more)
{
	uint64_t over = limit_ticks(l, a->over_us + l->clock.tick_us - 1);

	return (struct cell){
		.hi = l->tag << CELL_TAG_SHIFT | more | (uint32_t)over,
		.lo = a->word,
	};
}

static uint32_t
log2_floor(uint64_t n)
{
	return 63 - (uint32_t)__builtin_clzll(n | 1);
}

uint64_t
limit_share(const struct limiter_left *left)
{
	uint32_t less =
	    log2_floor(left->limit) - log2_floor(left->limit - left->remaining);

	return (uint64_t)(less < CELL_SHARE_MAX ? CELL_SHARE_MAX - less : 0)
	    << CELL_SHARE_SHIFT;
}

/* ---- places ---- */

struct cell
limit_read(const struct limit *l, uint32_t i)
{
	struct cas16 *at = &l->cell[i];
	struct cell o = { .hi = atomic_load(&at->hi) };

	for (;;) {
		uint64_t again;

		o.lo = atomic_load(&at->lo);
		again = atomic_load(&at->hi);
		if (again == o.hi)
			return o;
		o.hi = again;
	}
}

bool
limit_swap(const struct limit *l, uint32_t i, const struct cell *from,
    const struct cell *to)
{
	return cas16_swap(&l->cell[i], from->lo, from->hi, to->lo, to->hi);
}

/* K2: as place_outlives of keyed.c. */
static bool
limit_outlives(const struct limit *l, uint32_t i, uint64_t tag, uint32_t other)
{
	const struct cell empty = cell_empty();

	while (cell_is_of(atomic_load(&l->cell[other].hi), tag)) {
		struct cell o = limit_read(l, other);

		if (!cell_is_of(o.hi, tag))
			break;
		if (cell_state(&o) != CELL_PENDING || other < i)
			return false;
		SHM_STEP("K2");
		(void)limit_swap(l, other, &o, &empty);
	}
	return true;
}

void
limit_promote(const struct limit *l, uint32_t i, const struct cell *o)
{
	uint64_t tag = o->hi >> CELL_TAG_SHIFT;
	/* Nothing is spent: its time is over until the first charge. */
	struct cell to = { tag << CELL_TAG_SHIFT |
		    (uint32_t)limit_ticks(l, l->clock.now_us),
		0 };

	for (uint32_t other = 0; other < LIMITER_WAYS; other++) {
		if (other == i || limit_outlives(l, i, tag, other))
			continue;
		to = cell_empty();
		break;
	}
	SHM_STEP("K3");
	(void)limit_swap(l, i, o, &to);
}

uint32_t
limit_find(const struct limit *l, struct cell *o)
{
	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		if (!cell_is_of(atomic_load(&l->cell[i].hi), l->tag))
			continue;
		*o = limit_read(l, i);
		if (cell_is_of(o->hi, l->tag))
			return i;
	}
	return WAY_NONE;
}

/*
 * How much is lost with it: by its share, then by its time; where that is over,
 * less the longer ago that was, for clocks that are behind.
 */
static uint64_t
cell_worth(const struct limit *l, const struct cell *o)
{
	uint64_t worth;

	if (cell_state(o) == CELL_EMPTY)
		return 0;
	worth = (uint64_t)((int64_t)cell_ahead(l, o) - INT32_MIN) + 1;
	return cell_is_over(l, o) ? worth : worth + (o->hi & CELL_SHARE);
}

/*
 * The place to claim: an empty one, else the LIVE one that is worth least.
 * WAY_NONE: one was PENDING, and is settled; or somebody else has claimed one
 * for this key meanwhile.
 */
static uint32_t
limit_victim(const struct limit *l, struct cell *victim)
{
	uint64_t least = UINT64_MAX;
	uint32_t way = WAY_NONE;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		struct cell o = limit_read(l, i);
		uint64_t worth;

		if (cell_state(&o) == CELL_PENDING) {
			limit_promote(l, i, &o);
			return WAY_NONE;
		}
		if (cell_is_of(o.hi, l->tag))
			return WAY_NONE;
		worth = cell_worth(l, &o);
		if (worth >= least)
			continue;
		least = worth;
		way = i;
		*victim = o;
	}
	return way;
}

/* K1 */
static void
limit_claim(const struct limit *l)
{
	struct cell o, to = { l->tag << CELL_TAG_SHIFT | CELL_PENDING_BIT, 0 };
	uint32_t i = limit_victim(l, &o);

	if (i == WAY_NONE)
		return;
	to.lo = atomic_fetch_add_explicit(
	    &l->table->claims, 1, memory_order_relaxed);
	SHM_STEP("K1");
	if (limit_swap(l, i, &o, &to) && cell_state(&o) == CELL_LIVE &&
	    !cell_is_over(l, &o))
		atomic_fetch_add_explicit(
		    &l->table->evicted_live, 1, memory_order_relaxed);
}

/* It is not there, or not settled. */
static __attribute__((noinline)) uint32_t
limit_enter_anew(const struct limit *l, struct cell *o)
{
	/* Another round means that others have changed the set meanwhile. */
	for (;;) {
		uint32_t i = limit_find(l, o);

		if (i == WAY_NONE)
			limit_claim(l);
		else if (cell_state(o) == CELL_PENDING)
			limit_promote(l, i, o);
		else
			return i;
	}
}

uint32_t
limit_enter(const struct limit *l, struct cell *o)
{
	uint32_t i = limit_find(l, o);

	return i != WAY_NONE && cell_state(o) == CELL_LIVE
	    ? i
	    : limit_enter_anew(l, o);
}

/* Two that write at once, for one key, write the same. */
void
limit_name(const struct limit *l, uint32_t i, const struct limiter_key *key)
{
	struct shm_limiter_name *name = limit_name_at(l, i);
	uint64_t word[sizeof(name->word) / sizeof(name->word[0])];

	memcpy(word, &key->limit, sizeof(word));
	for (size_t n = 0; n < sizeof(word) / sizeof(word[0]); n++)
		atomic_store_explicit(
		    &name->word[n], word[n], memory_order_relaxed);
}

/* ---- tables ---- */

struct shm_limiter *
limiter_at(const struct region *r, enum limiter_table table)
{
	MUST(table < LIMITER_TABLES);
	return &r->state->limiters[table];
}

struct account_clock
limiter_clock(enum limiter_table table, uint64_t now_us)
{
	return (struct account_clock){ now_us,
		table == LIMITER_QUOTA ? TICK_WALL_US : LIMITER_TICK_US };
}

struct limit
limit_make(const struct region *r, enum limiter_table table, uint64_t hash,
    uint64_t now_us)
{
	struct shm_limiter *t = limiter_at(r, table);
	uint64_t tag = hash >> CELL_TAG_SHIFT;

	return (struct limit){
		.table = t,
		.cell = t->set[hash % LIMITER_SETS].cell,
		.name = &t->name[0][hash % LIMITER_SETS],
		.tag = tag != 0 ? tag : 1,
		.clock = limiter_clock(table, now_us),
	};
}

static uint64_t
limit_block(const struct limit *l)
{
	uint64_t set =
	    (uint64_t)(l->cell - l->table->set[0].cell) / LIMITER_WAYS;

	return set / LIMITER_BLOCK;
}

bool
limit_is_touched(const struct limit *l)
{
	return touched_has(l->table->touched, limit_block(l));
}

void
limit_touch(const struct limit *l)
{
	touched_set(l->table->touched, limit_block(l));
}

/* ---- workers ---- */

bool
limiter_take(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t now_us, struct limiter_left *left)
{
	struct limit l = limit_make(r, table, key->hash, now_us);
	struct cell o, to;

	limit_touch(&l);
	do {
		uint32_t i = limit_enter(&l, &o);
		struct account was = limit_account(&l, &o), a = was;
		bool taken = account_charge(rate, &l.clock, &a, left);

		if ((o.hi & CELL_NAMED) == 0)
			limit_name(&l, i, key);
		else if (!taken && a.word == was.word &&
		    a.over_us == was.over_us)
			return false;
		to = limit_live(&l, &a, CELL_NAMED | limit_share(left));
		SHM_STEP("C");
		if (limit_swap(&l, i, &o, &to) || !taken)
			return taken;
	} while (true);
}

void
limiter_refund(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t now_us)
{
	struct limit l = limit_make(r, table, key->hash, now_us);
	struct cell o, to;
	uint32_t i;

	if (!limit_is_touched(&l))
		return;
	do {
		struct account a;

		i = limit_find(&l, &o);
		if (i == WAY_NONE || cell_state(&o) != CELL_LIVE)
			return;
		a = limit_account(&l, &o);
		if (!account_refund(rate, &l.clock, &a))
			return;
		to = limit_live(&l, &a, o.hi & (CELL_NAMED | CELL_SHARE));
		SHM_STEP("refund");
	} while (!limit_swap(&l, i, &o, &to));
}
