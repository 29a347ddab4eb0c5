/*
 * series.c - counters with labels: a dense table per worker and an index into
 * it, both written by that worker alone.
 *
 * Readers see entries below `used`, which is raised after an entry is complete.
 * A worker killed between that and the index entry makes the same series a
 * second time; the sum is right all the same.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "shm/counters.h"
#include "shm/registry.h"

/* A key: kind:2 a:18 service:13 method:8 code:10; all ones: none. */
#define CODE_BITS 10
#define METHOD_BITS 8
#define SERVICE_BITS 13
#define A_BITS 18

#define INDEX_BITS 15

_Static_assert(SERIES_INDEX == 1 << INDEX_BITS, "the index is as large");
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

/* Fibonacci hashing: keys are numbers of ours, no client chooses them. */
static uint32_t
place_of(uint64_t key)
{
	return (uint32_t)(key * 0x9e3779b97f4a7c15u >> (64 - INDEX_BITS));
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

	if (used >= SERIES_MAX) {
		word_add(&m->series_lost, 1);
		return;
	}
	struct shm_series_entry *e = &s->entries[used];
	atomic_store_explicit(&e->key, key, memory_order_relaxed);
	atomic_store_explicit(&e->count, 1, memory_order_relaxed);
	atomic_store_explicit(&s->used, used + 1, memory_order_release);
	s->index[place] = (uint16_t)(used + 1);
}

void
series_add(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t a, uint32_t service, uint32_t method, uint32_t code)
{
	MUST(w < WORKERS_MAX);
	struct shm_series *s = &r->state->series[w];
	uint64_t key = kind;

	key = key_pack(key, a, A_BITS);
	key = key_pack(key, service, SERVICE_BITS);
	key = key_pack(key, method, METHOD_BITS);
	key = key_pack(key, code, CODE_BITS);
	uint32_t place = place_of(key);
	/* Ends: at most SERIES_MAX of the SERIES_INDEX places are taken. */
	while (s->index[place] != 0) {
		struct shm_series_entry *e =
		    &s->entries[(s->index[place] - 1) & (SERIES_MAX - 1)];

		if (atomic_load_explicit(&e->key, memory_order_relaxed) ==
		    key) {
			word_add(&e->count, 1);
			return;
		}
		place = (place + 1) & (SERIES_INDEX - 1);
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

static uint32_t
series_used(const struct region *r, uint32_t w)
{
	uint32_t n = atomic_load_explicit(
	    &r->state->series[w].used, memory_order_acquire);
	return n < SERIES_MAX ? n : SERIES_MAX;
}

/* All workers' entries, in order of their keys, equal keys next to another. */
static uint32_t
pairs_gather(const struct region *r, struct pair **out)
{
	uint32_t used[WORKERS_MAX], n = 0, k = 0;
	uint32_t workers = r->state->header.workers;

	for (uint32_t w = 0; w < workers; w++)
		n += used[w] = series_used(r, w);
	*out = calloc(n + 1, sizeof(**out));
	MUST(*out != NULL);
	for (uint32_t w = 0; w < workers; w++)
		for (uint32_t i = 0; i < used[w]; i++) {
			struct shm_series_entry *e =
			    &r->state->series[w].entries[i];

			(*out)[k++] = (struct pair){
				atomic_load_explicit(
				    &e->key, memory_order_relaxed),
				atomic_load_explicit(
				    &e->count, memory_order_relaxed),
			};
		}
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
