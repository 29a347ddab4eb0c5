/*
 * histo.c - duration histograms; a row per worker, service and kind.
 */
#include "shm/histo.h"

#include "common/base/must.h"

_Static_assert(HISTO_KINDS <= HISTO_KINDS_MAX, "layout.h has room for them");

const uint64_t histo_bounds_us[HISTO_BUCKETS - 1] = { 10, 25, 50, 100, 250, 500,
	1000, 2500, 5000, 10000, 25000, 50000, 75000, 100000, 250000, 500000,
	750000, 1000000, 2500000, 5000000, 7500000, 10000000 };

static struct shm_histo *
histo_row(
    const struct region *r, uint32_t w, enum histo_kind kind, uint32_t service)
{
	uint32_t row = service < SERVICES_MAX ? service + 1 : 0;

	MUST(w < WORKERS_MAX && kind < HISTO_KINDS);
	return &r->state->histos[w].row[row][kind];
}

/* The first bucket whose upper bound is not below us: bounds are inclusive. */
static uint32_t
bucket_of(uint64_t us)
{
	uint32_t low = 0, high = HISTO_BUCKETS - 1;

	while (low < high) {
		uint32_t mid = (low + high) / 2;

		if (histo_bounds_us[mid] < us)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

void
histo_add(const struct region *r, uint32_t w, enum histo_kind kind,
    uint32_t service, uint64_t us)
{
	struct shm_histo *h = histo_row(r, w, kind, service);
	_Atomic uint64_t *bucket = &h->buckets[bucket_of(us)];

	atomic_store_explicit(bucket,
	    atomic_load_explicit(bucket, memory_order_relaxed) + 1,
	    memory_order_relaxed);
	atomic_store_explicit(&h->sum_us,
	    atomic_load_explicit(&h->sum_us, memory_order_relaxed) + us,
	    memory_order_relaxed);
}

void
histo_collect(const struct region *r, enum histo_kind kind, uint32_t service,
    struct histo_sum *out)
{
	*out = (struct histo_sum){ 0 };
	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		struct shm_histo *h = histo_row(r, w, kind, service);

		for (uint32_t b = 0; b < HISTO_BUCKETS; b++) {
			uint64_t n = atomic_load_explicit(
			    &h->buckets[b], memory_order_relaxed);

			out->buckets[b] += n;
			out->count += n;
		}
		out->sum_us +=
		    atomic_load_explicit(&h->sum_us, memory_order_relaxed);
	}
}
