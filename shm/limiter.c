/*
 * limiter.c - protocol D. The labels are those of tests/model/limiter.pml.
 *
 *	     claim K1            promote K3
 *	EMPTY ---------> PENDING ---------> LIVE --. C charge, refund
 *	  ^ ^               |  ^              |  ^-'
 *	  | '---------------'  '--------------'
 *	  |   K2, K3: another   K1: another key
 *	  |   has the key       takes the place
 *	  '-----------------------------------'  sweep, once its time is over
 *
 * All of a place is one word, changed by compare-and-swap: whose it is (some
 * bits of the key; the set says the others), whether it counts, and what was
 * spent, as a time. So a charge is never put to another key's account, and who
 * is killed leaves a charge made or not made.
 *
 * What is left to see to is that no key has two places that are LIVE, with half
 * of its charges each. It is the rule of keyed.c: a place is PENDING first, and
 * who makes it LIVE has seen, after K1, that no other place is LIVE with this
 * key, nor a lower one PENDING; a higher one that is PENDING is emptied. The
 * proof is there, too. Whoever comes upon a place that is PENDING settles it.
 *
 * A word that is PENDING must not come back, or a swap might be about a later
 * claim than it looked round for: K1 counts up what was in the word, a version
 * or a time. (To be mistaken, a process would have to stand still between its
 * look and its swap while the place is claimed, has counted, and is claimed
 * again by the same key at just the microsecond that makes the words equal.)
 */
#include "shm/limiter.h"

#include "common/base/must.h"
#include "shm/step.h"

#define SPENT_BITS 43
#define SPENT_MASK ((UINT64_C(1) << SPENT_BITS) - 1)
#define PENDING_BIT (UINT64_C(1) << SPENT_BITS)
#define LIMIT_TAG_SHIFT 44
/* A time so far ahead of now, in 43 bits, is not: it is past. */
#define AHEAD_MAX (SPENT_MASK / 8 * 7)
#define WAY_NONE LIMITER_WAYS

_Static_assert(LIMITER_DEPTH_MAX_US < AHEAD_MAX / 10 * 9, "clocks differ");

enum limit_state { LIMIT_EMPTY, LIMIT_PENDING, LIMIT_LIVE };

/* A key's set, the key's bits in a word, and what time it is. */
struct limit {
	struct shm_limiter *table;
	_Atomic uint64_t *word; /* LIMITER_WAYS of them */
	uint64_t tag, now_us;
};

/* ---- words ---- */

static enum limit_state
limit_state(uint64_t o)
{
	if (o >> LIMIT_TAG_SHIFT == 0)
		return LIMIT_EMPTY;
	return (o & PENDING_BIT) != 0 ? LIMIT_PENDING : LIMIT_LIVE;
}

static uint64_t
limit_live(uint64_t tag, uint64_t tat_us)
{
	return tag << LIMIT_TAG_SHIFT | (tat_us & SPENT_MASK);
}

static uint64_t
limit_pending(uint64_t tag, uint64_t o)
{
	return tag << LIMIT_TAG_SHIFT | PENDING_BIT | ((o + 1) & SPENT_MASK);
}

static uint64_t
limit_empty(uint64_t o)
{
	return o & SPENT_MASK;
}

/* How far a LIVE word's time is ahead; 0: it is over. */
static uint64_t
limit_ahead(uint64_t o, uint64_t now_us)
{
	uint64_t ahead = (o - now_us) & SPENT_MASK;

	return ahead <= AHEAD_MAX ? ahead : 0;
}

static bool
limit_is_of(uint64_t o, uint64_t tag)
{
	return o >> LIMIT_TAG_SHIFT == tag;
}

/* ---- places ---- */

static bool
limit_swap(const struct limit *l, uint32_t i, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong(&l->word[i], &from, to);
}

/* K2: as place_outlives of keyed.c. */
static bool
limit_outlives(const struct limit *l, uint32_t i, uint64_t tag, uint32_t other)
{
	uint64_t o;

	while (limit_is_of(o = atomic_load(&l->word[other]), tag)) {
		if (limit_state(o) != LIMIT_PENDING || other < i)
			return false;
		SHM_STEP("K2");
		(void)limit_swap(l, other, o, limit_empty(o));
	}
	return true;
}

/* K3 */
static void
limit_promote(const struct limit *l, uint32_t i, uint64_t o)
{
	uint64_t tag = o >> LIMIT_TAG_SHIFT;
	uint64_t to = limit_live(tag, l->now_us);

	for (uint32_t other = 0; other < LIMITER_WAYS; other++) {
		if (other == i || limit_outlives(l, i, tag, other))
			continue;
		to = limit_empty(o);
		break;
	}
	SHM_STEP("K3");
	(void)limit_swap(l, i, o, to);
}

/* The lowest place of the key, PENDING or LIVE, and its word. */
static uint32_t
limit_find(const struct limit *l, uint64_t *word)
{
	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		*word = atomic_load(&l->word[i]);
		if (limit_is_of(*word, l->tag))
			return i;
	}
	return WAY_NONE;
}

/*
 * The place to claim: an empty one, else the LIVE one that is nearest to the
 * end of its time. WAY_NONE: one was PENDING, and is settled.
 */
static uint32_t
limit_victim(const struct limit *l, uint64_t *word)
{
	uint64_t least = UINT64_MAX;
	uint32_t victim = WAY_NONE;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		uint64_t o = atomic_load(&l->word[i]);
		uint64_t worth = 0;

		if (limit_state(o) == LIMIT_PENDING) {
			limit_promote(l, i, o);
			return WAY_NONE;
		}
		if (limit_state(o) == LIMIT_LIVE)
			worth = 1 + limit_ahead(o, l->now_us);
		if (worth >= least)
			continue;
		least = worth;
		victim = i;
		*word = o;
	}
	return victim;
}

/* K1 */
static void
limit_claim(const struct limit *l)
{
	uint64_t o;
	uint32_t i = limit_victim(l, &o);

	if (i == WAY_NONE)
		return;
	SHM_STEP("K1");
	if (limit_swap(l, i, o, limit_pending(l->tag, o)) &&
	    limit_state(o) == LIMIT_LIVE && limit_ahead(o, l->now_us) != 0)
		atomic_fetch_add_explicit(
		    &l->table->evicted_live, 1, memory_order_relaxed);
}

/* ---- tables ---- */

static struct shm_limiter *
limiter_at(const struct region *r, enum limiter_table table)
{
	MUST(table < LIMITER_TABLES);
	return &r->state->limiters[table];
}

static struct limit
limit_make(const struct region *r, enum limiter_table table, uint64_t key,
    uint64_t now_us)
{
	struct shm_limiter *t = limiter_at(r, table);
	uint64_t tag = key >> LIMIT_TAG_SHIFT;

	return (struct limit){
		.table = t,
		.word = t->set[key % LIMITER_SETS].word,
		.tag = tag != 0 ? tag : 1,
		.now_us = now_us,
	};
}

static _Atomic uint64_t *
touched_at(struct shm_limiter *t, uint64_t set, uint64_t *bit)
{
	uint64_t block = set / LIMITER_BLOCK;

	*bit = UINT64_C(1) << block % 64;
	return &t->touched[block / 64];
}

static bool
limit_is_touched(struct shm_limiter *t, uint64_t set)
{
	uint64_t bit;
	_Atomic uint64_t *bits = touched_at(t, set, &bit);

	return (atomic_load_explicit(bits, memory_order_relaxed) & bit) != 0;
}

/* The sweep is to look there. */
static void
limit_touch(struct shm_limiter *t, uint64_t set)
{
	uint64_t bit;
	_Atomic uint64_t *bits = touched_at(t, set, &bit);

	if ((atomic_load_explicit(bits, memory_order_relaxed) & bit) == 0)
		atomic_fetch_or(bits, bit);
}

/* ---- workers ---- */

/* How far ahead `burst` charges are. */
static uint64_t
rate_depth(const struct limiter_rate *rate)
{
	MUST(rate->each_us != 0 && rate->burst != 0);
	return rate->each_us < LIMITER_DEPTH_MAX_US / rate->burst
	    ? rate->each_us * rate->burst
	    : LIMITER_DEPTH_MAX_US;
}

static uint64_t
rate_each(const struct limiter_rate *rate)
{
	return rate->each_us < LIMITER_DEPTH_MAX_US ? rate->each_us
						    : LIMITER_DEPTH_MAX_US;
}

bool
limiter_take(const struct region *r, enum limiter_table table, uint64_t key,
    const struct limiter_rate *rate, uint64_t now_us, uint64_t *wait_us)
{
	struct limit l = limit_make(r, table, key, now_us);
	uint64_t depth = rate_depth(rate), each = rate_each(rate), o, ahead;

	limit_touch(l.table, key % LIMITER_SETS);
	/* Another round means that others have changed the set meanwhile. */
	for (;;) {
		uint32_t i = limit_find(&l, &o);

		if (i == WAY_NONE) {
			limit_claim(&l);
			continue;
		}
		if (limit_state(o) == LIMIT_PENDING) {
			limit_promote(&l, i, o);
			continue;
		}
		/* A limit that became lower counts as one full bucket. */
		ahead = limit_ahead(o, now_us);
		if (ahead > depth)
			ahead = depth;
		*wait_us = ahead + each > depth ? ahead + each - depth : 0;
		if (*wait_us != 0)
			return false;
		SHM_STEP("C");
		if (limit_swap(
			&l, i, o, limit_live(l.tag, now_us + ahead + each)))
			return true;
	}
}

void
limiter_refund(const struct region *r, enum limiter_table table, uint64_t key,
    const struct limiter_rate *rate, uint64_t now_us)
{
	struct limit l = limit_make(r, table, key, now_us);
	uint64_t each = rate_each(rate), o, ahead;
	uint32_t i;

	if (!limit_is_touched(l.table, key % LIMITER_SETS))
		return;
	do {
		i = limit_find(&l, &o);
		if (i == WAY_NONE || limit_state(o) != LIMIT_LIVE)
			return;
		ahead = limit_ahead(o, now_us);
		ahead = ahead > each ? ahead - each : 0;
		SHM_STEP("refund");
	} while (!limit_swap(&l, i, o, limit_live(l.tag, now_us + ahead)));
}

/* ---- master ---- */

static void
limit_sweep(const struct limit *l, uint32_t i)
{
	uint64_t o = atomic_load(&l->word[i]);

	if (limit_state(o) == LIMIT_PENDING) {
		limit_promote(l, i, o);
	} else if (limit_state(o) == LIMIT_LIVE &&
	    limit_ahead(o, l->now_us) == 0) {
		SHM_STEP("sweep");
		(void)limit_swap(l, i, o, limit_empty(o));
	}
}

void
limiter_sweep(struct region *r, uint64_t now_us)
{
	for (uint32_t t = 0; t < LIMITER_TABLES; t++)
		for (uint64_t set = 0; set < LIMITER_SETS; set++) {
			if (!limit_is_touched(limiter_at(r, t), set))
				continue;
			struct limit l = limit_make(r, t, set, now_us);
			for (uint32_t i = 0; i < LIMITER_WAYS; i++)
				limit_sweep(&l, i);
		}
}

uint64_t
limiter_evicted(const struct region *r, enum limiter_table table)
{
	return atomic_load_explicit(
	    &limiter_at(r, table)->evicted_live, memory_order_relaxed);
}
