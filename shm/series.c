/*
 * series.c - counters with labels: an open-addressed table per worker, written
 * by that worker alone.
 *
 * The places of a row or endpoint begin in one cache line, and rows in use
 * stand close together, so that few pages are touched; readers look at those
 * alone. An entry is there once its key is, which is stored last.
 */
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/counters.h"
#include "shm/registry.h"

/* A key: kind:2 a:18 service:13 method:8 code:10; all ones: none. */
#define CODE_BITS 10
#define METHOD_BITS 8
#define SERVICE_BITS 13
#define A_BITS 18

#define LINE_PLACES 4 /* of a row: one cache line */

_Static_assert((SERIES_PLACES & (SERIES_PLACES - 1)) == 0, "a mask will do");
_Static_assert(ROUTES_MAX < (1 << A_BITS) - 1, "a row fits");
_Static_assert(ENDPOINTS_MAX < (1 << A_BITS) - 1, "an endpoint fits");
_Static_assert(SERVICES_MAX < (1 << SERVICE_BITS) - 1, "a service fits");

static uint64_t
key_pack(uint64_t key, uint32_t value, int bits)
{
	uint32_t none = (1u << bits) - 1;
	return key << bits | (value < none ? value : none);
}

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
	uint32_t value = key_unpack(key, bits);
	return value == (1u << bits) - 1 ? REGISTRY_NONE : value;
}

/* Where the line of a row (or endpoint) begins; the kinds start apart. */
static uint32_t
line_of(enum series_kind kind, uint32_t a)
{
	return (a * LINE_PLACES + (uint32_t)kind * (SERIES_PLACES / 4)) &
	    (SERIES_PLACES - 1);
}

static void
word_add(_Atomic uint64_t *word, uint64_t by)
{
	atomic_store_explicit(word,
	    atomic_load_explicit(word, memory_order_relaxed) + by,
	    memory_order_relaxed);
}

static void
series_insert(
    struct shm_meters *m, struct shm_series *s, uint32_t place, uint64_t key)
{
	uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
	uint32_t block = place / SERIES_BLOCK;
	_Atomic uint64_t *touched = &s->touched[block / 64];
	struct shm_series_entry *e = &s->entries[place];

	if (used >= SERIES_MAX) {
		word_add(&m->series_lost, 1);
		return;
	}
	atomic_store_explicit(touched,
	    atomic_load_explicit(touched, memory_order_relaxed) |
		UINT64_C(1) << block % 64,
	    memory_order_relaxed);
	atomic_store_explicit(&e->count, 1, memory_order_relaxed);
	atomic_store_explicit(&e->key, key, memory_order_release);
	atomic_store_explicit(&s->used, used + 1, memory_order_relaxed);
}

void
series_prefetch(
    const struct region *r, uint32_t w, enum series_kind kind, uint32_t a)
{
	__builtin_prefetch(&r->state->series[w].entries[line_of(kind, a)], 1);
}

void
series_add(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t a, uint32_t service, uint32_t method, uint32_t code)
{
	MUST(w < WORKERS_MAX);
	struct shm_series *s = &r->state->series[w];
	uint64_t key = kind, found;

	key = key_pack(key, a, A_BITS);
	key = key_pack(key, service, SERVICE_BITS);
	key = key_pack(key, method, METHOD_BITS);
	key = key_pack(key, code, CODE_BITS);
	uint32_t place =
	    line_of(kind, a) + (uint32_t)hash_u64(key) % LINE_PLACES;
	/* Ends: at most half of the places are taken. */
	while ((found = atomic_load_explicit(
		    &s->entries[place].key, memory_order_relaxed)) != 0) {
		if (found == key) {
			word_add(&s->entries[place].count, 1);
			return;
		}
		place = (place + 1) & (SERIES_PLACES - 1);
	}
	series_insert(&r->state->meters[w], s, place, key);
}

struct pair {
	uint64_t key, count;
};

static int
pair_compare(const void *pa, const void *pb)
{
	const struct pair *a = pa, *b = pb;
	return (a->key > b->key) - (a->key < b->key);
}

/* Appends the series of one block; returns how many there are now. */
static uint32_t
block_gather(
    const struct shm_series *s, uint32_t block, struct pair *out, uint32_t n)
{
	const struct shm_series_entry *e = &s->entries[block * SERIES_BLOCK];

	for (uint32_t i = 0; i < SERIES_BLOCK; i++, e++) {
		uint64_t key =
		    atomic_load_explicit(&e->key, memory_order_acquire);

		if (key != 0)
			out[n++] = (struct pair){ key,
				atomic_load_explicit(
				    &e->count, memory_order_relaxed) };
	}
	return n;
}

/* Blocks of worker w that are in use. */
static uint32_t
blocks_of(const struct region *r, uint32_t w, bool used[])
{
	const uint32_t all = SERIES_PLACES / SERIES_BLOCK;
	uint32_t n = 0;

	for (uint32_t b = 0; b < all; b++) {
		uint64_t word = atomic_load_explicit(
		    &r->state->series[w].touched[b / 64], memory_order_relaxed);

		used[b] = (word >> b % 64 & 1) != 0;
		n += used[b];
	}
	return n;
}

/* All workers' entries, in order of their keys, equal keys next to another. */
static uint32_t
pairs_gather(const struct region *r, struct pair **out)
{
	bool used[WORKERS_MAX][SERIES_PLACES / SERIES_BLOCK];
	uint32_t workers = r->state->header.workers, blocks = 0, n = 0;

	for (uint32_t w = 0; w < workers; w++)
		blocks += blocks_of(r, w, used[w]);
	*out = calloc((size_t)blocks * SERIES_BLOCK + 1, sizeof(**out));
	MUST(*out != NULL);
	for (uint32_t w = 0; w < workers; w++)
		for (uint32_t b = 0; b < SERIES_PLACES / SERIES_BLOCK; b++)
			if (used[w][b])
				n = block_gather(
				    &r->state->series[w], b, *out, n);
	qsort(*out, n, sizeof(**out), pair_compare);
	return n;
}

static void
sum_unpack(struct series_sum *sum, uint64_t key)
{
	sum->code = key_unpack(&key, CODE_BITS);
	sum->method = key_unpack(&key, METHOD_BITS);
	sum->service = key_unpack_none(&key, SERVICE_BITS);
	sum->a = key_unpack_none(&key, A_BITS);
	sum->kind = (enum series_kind)key;
}

uint32_t
series_collect(const struct region *r, struct series_sum **out, uint64_t *lost)
{
	struct pair *pairs;
	uint32_t n = pairs_gather(r, &pairs), count = 0;
	struct series_sum *sums = calloc(n + 1, sizeof(*sums));

	MUST(sums != NULL);
	for (uint32_t i = 0; i < n; i++) {
		if (i == 0 || pairs[i].key != pairs[i - 1].key)
			sum_unpack(&sums[count++], pairs[i].key);
		sums[count - 1].count += pairs[i].count;
	}
	free(pairs);
	*lost = 0;
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		*lost += atomic_load_explicit(
		    &r->state->meters[w].series_lost, memory_order_relaxed);
	*out = sums;
	return count;
}
