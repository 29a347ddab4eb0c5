/*
 * histo.c - see histo.h.
 */
#include "shm/histo.h"

#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "shm/histo_own.h"
#include "shm/word.h"

_Static_assert(HISTO_KINDS <= HISTO_KINDS_MAX, "layout.h has room for them");
_Static_assert(HISTO_OVERHEAD == HISTO_OWNERS, "those with owners come first");

const uint64_t histo_bounds_us[HISTO_BUCKETS - 1] = { 10, 25, 50, 100, 250, 500,
	1000, 2500, 5000, 10000, 25000, 50000, 75000, 100000, 250000, 500000,
	750000, 1000000, 2500000, 5000000, 7500000, 10000000 };

static struct shm_histo *
service_row(
    const struct region *r, uint32_t w, enum histo_kind kind, uint32_t service)
{
	uint32_t row = service < SERVICES_MAX ? service + 1 : 0;

	MUST(w < WORKERS_MAX && kind < HISTO_KINDS);
	return &r->state->histos[w].row[row][kind];
}

/* By the bits of us: the first bucket whose bound may not be below it. */
static const uint8_t bucket_first[] = { 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 7,
	8, 9, 10, 11, 12, 14, 15, 16, 18, 18, 19, 21 };

uint32_t
histo_bucket(uint64_t us)
{
	uint32_t bits = us != 0 ? 64 - (uint32_t)__builtin_clzll(us) : 0, b;

	if (us > histo_bounds_us[HISTO_BUCKETS - 2])
		return HISTO_BUCKETS - 1;
	for (b = bucket_first[bits]; us > histo_bounds_us[b]; b++)
		;
	return b;
}

/* Its own row, or that of the service. */
static inline struct shm_histo *
histo_row(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t own, uint32_t service)
{
	if (own >= HISTO_OWN_MAX)
		return service_row(r, w, kind, service);
	MUST(w < WORKERS_MAX && kind < HISTO_OWNERS);
	return &r->state->histos[w].own[kind][own];
}

void
histo_prefetch(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t own, uint32_t service)
{
	prefetch(histo_row(r, w, kind, own, service), 1);
}

static inline void
histo_count(struct shm_histo *h, uint64_t us)
{
	word_add(&h->buckets[histo_bucket(us)], 1);
	word_add(&h->sum_us, us);
}

void
histo_add_own(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t own, uint32_t service, uint64_t us)
{
	histo_count(histo_row(r, w, kind, own, service), us);
}

uint32_t
histo_add(const struct region *r, uint32_t w, enum histo_kind kind, uint32_t a,
    uint32_t service, uint64_t us)
{
	uint32_t own = kind < HISTO_OWNERS ? histo_own_row(r, kind, a, service)
					   : HISTO_NONE;

	histo_count(histo_row(r, w, kind, own, service), us);
	return own;
}

static void
sum_add(struct histo_sum *out, const struct shm_histo *h)
{
	for (uint32_t b = 0; b < HISTO_BUCKETS; b++) {
		uint64_t n =
		    atomic_load_explicit(&h->buckets[b], memory_order_relaxed);

		out->buckets[b] += n;
		out->count += n;
	}
	out->sum_us += atomic_load_explicit(&h->sum_us, memory_order_relaxed);
}

void
histo_collect(const struct region *r, enum histo_kind kind, uint32_t service,
    struct histo_sum *out)
{
	*out = (struct histo_sum){ 0 };
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum_add(out, service_row(r, w, kind, service));
}

void
histo_collect_own(const struct region *r, enum histo_kind kind, uint32_t row,
    struct histo_sum *out)
{
	MUST((unsigned)kind < HISTO_OWNERS && row < HISTO_OWN_MAX);
	*out = (struct histo_sum){ 0 };
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum_add(out, &r->state->histos[w].own[kind][row]);
}

uint64_t
histo_count_of(const struct region *r, uint32_t w, enum histo_kind kind)
{
	uint32_t services = atomic_load(&r->state->control.services);
	struct histo_sum sum = { 0 };

	MUST(w < WORKERS_MAX && kind < HISTO_KINDS);
	for (uint32_t s = 0; s <= services && s <= SERVICES_MAX; s++)
		sum_add(&sum, &r->state->histos[w].row[s][kind]);
	if (kind < HISTO_OWNERS)
		for (uint32_t i = 0; i < histo_own_count(r, kind); i++)
			sum_add(&sum, &r->state->histos[w].own[kind][i]);
	return sum.count;
}
