/*
 * limiter_table.c - what the master does with the limiter's tables as a whole,
 * and with single keys that people have named.
 */
#include <string.h>

#include "common/base/hash.h"
#include "shm/limiter_inside.h"
#include "shm/limiter_key.h"
#include "shm/step.h"

typedef void set_fn(const struct limit *l, void *user);

/* All sets in whose pages anything was ever counted. */
static void
limiter_walk(const struct region *r, enum limiter_table table, uint64_t now_us,
    set_fn *fn, void *user)
{
	for (uint64_t set = 0; set < LIMITER_SETS; set++) {
		struct limit l = limit_make(r, table, set, now_us);

		if (limit_is_touched(&l))
			fn(&l, user);
		else
			set |= LIMITER_BLOCK - 1;
	}
}

static void
limit_sweep(const struct limit *l, void *user)
{
	const struct cell empty = { 0, 0 };
	/* Who is behind is to find the window that has just ended. */
	const int32_t behind = (int32_t)(LIMITER_BEHIND_US / l->clock.tick_us);

	(void)user;
	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		struct cell o = limit_read(l, i);

		if (cell_state(&o) == CELL_PENDING) {
			limit_promote(l, i, &o);
		} else if (cell_state(&o) == CELL_LIVE &&
		    cell_ahead(l, &o) <= -behind) {
			SHM_STEP("sweep");
			(void)limit_swap(l, i, &o, &empty);
		}
	}
}

void
limiter_sweep(struct region *r, enum limiter_table table, uint64_t now_us)
{
	limiter_walk(r, table, now_us, limit_sweep, NULL);
}

uint64_t
limiter_evicted(const struct region *r, enum limiter_table table)
{
	return atomic_load_explicit(
	    &limiter_at(r, table)->evicted_live, memory_order_relaxed);
}

struct use {
	uint64_t keys, sum;
};

static void
limit_use(const struct limit *l, void *user)
{
	struct use *u = user;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		struct cell o = limit_read(l, i);

		if (cell_state(&o) != CELL_LIVE || cell_is_over(l, &o))
			continue;
		u->keys++;
		u->sum += hash_u64(hash_u64(o.hi) ^ o.lo);
	}
}

uint64_t
limiter_used(const struct region *r, enum limiter_table table, uint64_t now_us,
    uint64_t *sum)
{
	struct use u = { 0, 0 };

	limiter_walk(r, table, now_us, limit_use, &u);
	if (sum != NULL)
		*sum = u.sum;
	return u.keys;
}

/* ---- names ---- */

struct each {
	const struct region *region;
	limiter_seen_fn *fn;
	void *user;
};

/* False: it is another's, or half written. */
static bool
limit_name_read(const struct region *r, const struct limit *l, uint32_t i,
    const struct cell *o, struct limiter_key *key)
{
	const struct shm_limiter_name *name = limit_name_at(l, i);
	uint64_t word[sizeof(name->word) / sizeof(name->word[0])];
	struct limit named;

	for (size_t n = 0; n < sizeof(word) / sizeof(word[0]); n++)
		word[n] =
		    atomic_load_explicit(&name->word[n], memory_order_relaxed);
	memcpy(&key->limit, word, sizeof(word));
	if (key->n > LIMITER_KEY_BYTES)
		return false;
	memset(key->bytes + key->n, 0, LIMITER_KEY_BYTES - key->n);
	key->hash = limiter_key_hash(r, key);
	named = limit_make(r, 0, key->hash, 0);
	return l->table->set[key->hash % LIMITER_SETS].cell == l->cell &&
	    o->hi >> CELL_TAG_SHIFT == named.tag;
}

/* Somebody who had lost the place wrote it late: the key's next charge, or
 * refusal, writes it again. */
static void
limit_name_drop(const struct limit *l, uint32_t i, const struct cell *o)
{
	const struct cell to = { o->hi & ~CELL_NAMED, o->lo };

	SHM_STEP("name_drop");
	(void)limit_swap(l, i, o, &to);
}

static void
limit_each(const struct limit *l, void *user)
{
	const struct each *e = user;

	for (uint32_t i = 0; i < LIMITER_WAYS; i++) {
		struct cell o = limit_read(l, i);
		struct limiter_seen seen;
		struct account a;

		if (cell_state(&o) != CELL_LIVE || cell_is_over(l, &o) ||
		    (o.hi & CELL_NAMED) == 0)
			continue;
		if (!limit_name_read(e->region, l, i, &o, &seen.key)) {
			limit_name_drop(l, i, &o);
			continue;
		}
		a = limit_account(l, &o);
		seen.over_us = a.over_us;
		seen.state = a.word;
		e->fn(e->user, &seen);
	}
}

void
limiter_each(const struct region *r, enum limiter_table table, uint64_t now_us,
    limiter_seen_fn *fn, void *user)
{
	struct each e = { r, fn, user };

	limiter_walk(r, table, now_us, limit_each, &e);
}

void
limiter_look(enum limiter_table table, const struct limiter_seen *seen,
    const struct limiter_rate *rate, uint64_t now_us, struct limiter_left *left)
{
	struct account a = { .word = seen->state, .over_us = seen->over_us };
	struct account_clock c = limiter_clock(table, now_us);

	account_look(rate, &c, &a, left);
}

/* ---- single keys ---- */

bool
limiter_reset(const struct region *r, enum limiter_table table,
    const struct limiter_key *key)
{
	struct limit l = limit_make(r, table, key->hash, 0);
	const struct cell empty = { 0, 0 };
	struct cell o;
	uint32_t i;

	if (!limit_is_touched(&l))
		return false;
	do {
		i = limit_find(&l, &o);
		if (i == WAY_NONE || cell_state(&o) != CELL_LIVE)
			return false;
		SHM_STEP("reset");
	} while (!limit_swap(&l, i, &o, &empty));
	return true;
}

void
limiter_restore(const struct region *r, enum limiter_table table,
    const struct limiter_key *key, const struct limiter_rate *rate,
    uint64_t spent, uint64_t now_us)
{
	struct limit l = limit_make(r, table, key->hash, now_us);
	struct limiter_left left;
	struct account a;
	struct cell o, to;
	uint32_t i;

	limit_touch(&l);
	do {
		i = limit_enter(&l, &o);
		a = limit_account(&l, &o);
		account_restore(rate, &l.clock, spent, &a);
		account_look(rate, &l.clock, &a, &left);
		limit_name(&l, i, key);
		to = limit_live(&l, &a, CELL_NAMED | limit_share(&left));
		SHM_STEP("restore");
	} while (!limit_swap(&l, i, &o, &to));
}
