/*
 * series_sum.c - reads the series of all workers, and adds up what is the same.
 */
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/series_key.h"

static uint32_t
key_unpack(uint64_t *key, int bits)
{
	uint32_t none = (1u << bits) - 1;
	uint32_t value = (uint32_t)*key & none;

	*key >>= bits;
	return value;
}

/* Methods and codes have no "none"; their last value stands for larger ones. */
static uint32_t
key_unpack_none(uint64_t *key, int bits)
{
	uint32_t none = (1u << bits) - 1, value = key_unpack(key, bits);

	if (value == none)
		return REGISTRY_NONE;
	return value == none - 1 ? SERIES_OTHER : value;
}

struct pair {
	uint64_t key, count;
};

/* Sums by key: open addressing, at most half full. */
struct pairs {
	struct pair *p;
	uint32_t room, count; /* room: a power of two, or 0 */
};

static int
pair_compare(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	return (a->key > b->key) - (a->key < b->key);
}

static struct pair *
pairs_find(const struct pairs *t, uint64_t key)
{
	uint32_t i = (uint32_t)hash_u64(key) & (t->room - 1);

	while (t->p[i].key != 0 && t->p[i].key != key)
		i = (i + 1) & (t->room - 1);
	return &t->p[i];
}

static void
pairs_grow(struct pairs *t)
{
	struct pairs old = *t;

	t->room = old.room != 0 ? 2 * old.room : 1024;
	t->p = calloc(t->room, sizeof(*t->p));
	MUST(t->p != NULL);
	for (uint32_t i = 0; i < old.room; i++)
		if (old.p[i].key != 0)
			*pairs_find(t, old.p[i].key) = old.p[i];
	free(old.p);
}

static void
pairs_add(struct pairs *t, uint64_t key, uint64_t count)
{
	struct pair *p;

	if (t->count >= t->room / 2)
		pairs_grow(t);
	p = pairs_find(t, key);
	t->count += p->key == 0;
	p->key = key;
	p->count += count;
}

/* In the order of their keys, at the beginning. */
static void
pairs_sort(struct pairs *t)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < t->room; i++)
		if (t->p[i].key != 0)
			t->p[n++] = t->p[i];
	if (n != 0)
		qsort(t->p, n, sizeof(*t->p), pair_compare);
}

static void
block_gather(const struct shm_series *s, uint32_t block, struct pairs *t)
{
	const struct shm_series_entry *e = &s->entries[block * SERIES_BLOCK];

	for (uint32_t i = 0; i < SERIES_BLOCK; i++, e++) {
		uint64_t key =
		    atomic_load_explicit(&e->key, memory_order_acquire);

		if (key != 0)
			pairs_add(t, key,
			    atomic_load_explicit(
				&e->count, memory_order_relaxed));
	}
}

/* The blocks of a worker that are in use. */
static void
worker_gather(const struct region *r, uint32_t w, struct pairs *t)
{
	const struct shm_series *s = &r->state->series[w];

	for (uint32_t b = 0; b < SERIES_PLACES / SERIES_BLOCK; b++) {
		uint64_t word = atomic_load_explicit(
		    &s->touched[b / 64], memory_order_relaxed);

		if ((word >> b % 64 & 1) != 0)
			block_gather(s, b, t);
	}
}

static void
sum_unpack(struct series_sum *sum, uint64_t key)
{
	sum->code = key_unpack(&key, SERIES_CODE_BITS);
	sum->method = key_unpack(&key, SERIES_METHOD_BITS);
	sum->service = key_unpack_none(&key, SERIES_SERVICE_BITS);
	sum->a = key_unpack_none(&key, SERIES_A_BITS);
	sum->kind = (enum series_kind)key;
}

uint32_t
series_collect(
    const struct region *r, struct series_sum **out, uint64_t *folded)
{
	struct pairs t = { 0 };
	struct series_sum *sums;

	*folded = 0;
	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		worker_gather(r, w, &t);
		*folded += atomic_load_explicit(
		    &r->state->meters[w].series_folded, memory_order_relaxed);
	}
	pairs_sort(&t);
	sums = calloc(t.count + 1, sizeof(*sums));
	MUST(sums != NULL);
	for (uint32_t i = 0; i < t.count; i++) {
		sum_unpack(&sums[i], t.p[i].key);
		sums[i].count = t.p[i].count;
	}
	free(t.p);
	*out = sums;
	return t.count;
}
