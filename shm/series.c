/*
 * series.c - counters with labels: an open-addressed table per worker, written
 * by that worker alone; series_sum.c reads them.
 *
 * The first places of a row or endpoint are one cache line, and rows in use
 * stand close together, so that few pages are touched; readers look at those
 * alone. An entry is there once its key is, which is stored last.
 */
#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "common/http/http.h"
#include "shm/series_key.h"
#include "shm/word.h"

#define LINE_PLACES 4 /* of a row: one cache line */

/* Series that have names, and those that at least have the service's. */
#define NAMED_MAX (SERIES_MAX - 2048)
#define SERVED_MAX (SERIES_MAX - 64)

_Static_assert((SERIES_PLACES & (SERIES_PLACES - 1)) == 0, "a mask will do");
/* Where the line of a row (or endpoint) begins; the kinds start apart. */
static uint32_t
line_of(enum series_kind kind, uint32_t a)
{
	return (a * LINE_PLACES + (uint32_t)kind * (SERIES_PLACES / 4)) &
	    (SERIES_PLACES - 1);
}

static void
series_insert(struct shm_series *s, struct shm_series_entry *e, uint64_t key)
{
	uint32_t used = atomic_load_explicit(&s->used, memory_order_relaxed);
	uint32_t block = (uint32_t)(e - s->entries) / SERIES_BLOCK;
	_Atomic uint64_t *touched = &s->touched[block / 64];

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
	prefetch(&r->state->series[w].entries[line_of(kind, a)], 1);
}

/*
 * Where the key is, or would be: in the line of its row, and once that is full
 * anywhere, so that rows with many labels do not push each other along.
 */
static inline struct shm_series_entry *
series_find(struct shm_series *s, uint32_t line, uint64_t key)
{
	struct shm_series_entry *e;
	uint64_t found;

	for (uint32_t i = 0; i < LINE_PLACES; i++) {
		e = &s->entries[line + i];
		found = atomic_load_explicit(&e->key, memory_order_relaxed);
		if (found == key || found == 0)
			return e;
	}
	/* Ends: at most half of the places are taken. */
	for (uint32_t place = (uint32_t)hash_u64(key);; place++) {
		e = &s->entries[place & (SERIES_PLACES - 1)];
		found = atomic_load_explicit(&e->key, memory_order_relaxed);
		if (found == key || found == 0)
			return e;
	}
}

/* Counts it if it is there, or while fewer than `max` are. */
static inline bool
series_count(struct shm_series *s, uint32_t line, uint64_t key, uint32_t max)
{
	struct shm_series_entry *e = series_find(s, line, key);

	if (atomic_load_explicit(&e->key, memory_order_relaxed) == key) {
		word_add(&e->count, 1);
		return true;
	}
	if (atomic_load_explicit(&s->used, memory_order_relaxed) >= max)
		return false;
	series_insert(s, e, key);
	return true;
}

/*
 * There is no room for its name: it counts for all others of its service, and
 * at the very last for all others of its kind, by hundreds of codes.
 */
static void
series_fold(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t service, uint32_t method, uint32_t code)
{
	struct shm_series *s = &r->state->series[w];
	uint32_t line = line_of(kind, SERIES_OTHER);

	word_add(&r->state->meters[w].series_folded, 1);
	if (!series_count(s, line,
		series_key(kind, SERIES_OTHER, service, method, code),
		SERVED_MAX))
		(void)series_count(s, line,
		    series_key(kind, SERIES_OTHER, SERIES_OTHER, METHOD_OTHER,
			code / 100 * 100),
		    SERIES_MAX);
}

/* What is not in the line of its row, or not yet. */
static __attribute__((noinline)) void
series_add_further(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t a, uint32_t service, uint32_t method, uint32_t code)
{
	if (!series_count(&r->state->series[w], line_of(kind, a),
		series_key(kind, a, service, method, code), NAMED_MAX))
		series_fold(r, w, kind, service, method, code);
}

void
series_add(const struct region *r, uint32_t w, enum series_kind kind,
    uint32_t a, uint32_t service, uint32_t method, uint32_t code)
{
	uint64_t key = series_key(kind, a, service, method, code);

	MUST(w < WORKERS_MAX);
	struct shm_series_entry *line =
	    &r->state->series[w].entries[line_of(kind, a)];

	for (uint32_t i = 0; i < LINE_PLACES; i++) {
		if (atomic_load_explicit(&line[i].key, memory_order_relaxed) !=
		    key)
			continue;
		word_add(&line[i].count, 1);
		return;
	}
	series_add_further(r, w, kind, a, service, method, code);
}
