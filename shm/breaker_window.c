/*
 * breaker_window.c - buckets of one writer, told apart by the time and the
 * epoch that they are of.
 *
 * A bucket that begins anew is emptied before its stamp changes, so that a
 * reader may miss what the old one had, which was about to count no more, and
 * never takes the new one for it: if the epoch is another, what the reader
 * makes of the sums fails with its compare-and-swap.
 */
#include "shm/breaker_window.h"

#include "common/base/must.h"
#include "shm/breaker_word.h"
#include "shm/step.h"

#define EPOCH_BITS 14
#define TICK_MASK (UINT64_MAX >> EPOCH_BITS)

static uint64_t
tick_of(uint64_t window_us, uint64_t now_us)
{
	if (window_us < BREAKER_WINDOW_MIN_US)
		window_us = BREAKER_WINDOW_MIN_US;
	return now_us / (window_us / BREAKER_BUCKETS);
}

static uint64_t
stamp_of(uint64_t tick, uint32_t epoch)
{
	return tick << EPOCH_BITS | epoch;
}

static struct shm_bucket *
buckets_of(const struct region *r, uint32_t w, uint32_t breaker)
{
	MUST(w < WORKERS_MAX && breaker < BREAKERS_MAX);
	return r->state->windows[w].breaker[breaker].bucket;
}

static void
count_store(_Atomic uint32_t *count, uint32_t value)
{
	atomic_store_explicit(count, value, memory_order_relaxed);
}

/* Single writer; it stays at its end. */
static void
count_grow(_Atomic uint32_t *count)
{
	uint32_t value = atomic_load_explicit(count, memory_order_relaxed);

	if (value != UINT32_MAX)
		count_store(count, value + 1);
}

static void
bucket_empty(struct shm_bucket *b, uint64_t stamp)
{
	SHM_STEP("G1_calls");
	count_store(&b->calls, 0);
	SHM_STEP("G1_failed");
	count_store(&b->failed, 0);
	SHM_STEP("G1_slow");
	count_store(&b->slow, 0);
	SHM_STEP("G1_stamp");
	atomic_store_explicit(&b->stamp, stamp, memory_order_release);
}

static void
window_use(const struct region *r, uint32_t w)
{
	_Atomic uint32_t *used = &r->state->windows[w].used;

	if (atomic_load_explicit(used, memory_order_relaxed) == 0)
		atomic_store(used, 1);
}

void
breaker_window_add(const struct region *r, uint32_t w, uint32_t breaker,
    uint64_t window_us, uint32_t epoch, uint64_t now_us, bool failed, bool slow)
{
	uint64_t tick = tick_of(window_us, now_us);
	uint64_t stamp = stamp_of(tick, epoch);
	struct shm_bucket *b =
	    &buckets_of(r, w, breaker)[tick % BREAKER_BUCKETS];

	window_use(r, w);
	if (atomic_load_explicit(&b->stamp, memory_order_relaxed) != stamp)
		bucket_empty(b, stamp);
	SHM_STEP("G2");
	count_grow(&b->calls);
	if (failed)
		count_grow(&b->failed);
	if (slow)
		count_grow(&b->slow);
}

static void
bucket_sum(const struct shm_bucket *b, uint64_t tick, uint32_t epoch,
    struct breaker_sums *sums)
{
	uint64_t stamp = atomic_load_explicit(&b->stamp, memory_order_acquire);

	/* What is later than now is of a window of another length. */
	if ((stamp & BREAKER_EPOCH_MASK) != epoch ||
	    ((tick - (stamp >> EPOCH_BITS)) & TICK_MASK) >= BREAKER_BUCKETS)
		return;
	sums->calls += atomic_load_explicit(&b->calls, memory_order_relaxed);
	sums->failed += atomic_load_explicit(&b->failed, memory_order_relaxed);
	sums->slow += atomic_load_explicit(&b->slow, memory_order_relaxed);
}

void
breaker_window_sum(const struct region *r, uint32_t breaker, uint64_t window_us,
    uint32_t epoch, uint64_t now_us, struct breaker_sums *sums)
{
	uint64_t tick = tick_of(window_us, now_us);

	*sums = (struct breaker_sums){ 0 };
	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		if (atomic_load(&r->state->windows[w].used) == 0)
			continue; /* its pages are not there */
		const struct shm_bucket *b = buckets_of(r, w, breaker);
		for (uint32_t i = 0; i < BREAKER_BUCKETS; i++)
			bucket_sum(&b[i], tick, epoch, sums);
	}
}

/* A stamp of 0 is never now. */
static void
buckets_forget(const struct region *r, uint32_t w, uint32_t breaker)
{
	struct shm_bucket *b = buckets_of(r, w, breaker);

	for (uint32_t i = 0; i < BREAKER_BUCKETS; i++)
		if (atomic_load(&b[i].stamp) != 0)
			bucket_empty(&b[i], 0);
}

void
breaker_window_recover(const struct region *r, uint32_t w)
{
	if (atomic_load(&r->state->windows[w].used) == 0)
		return;
	for (uint32_t b = 0; breaker_next(r, &b); b++)
		buckets_forget(r, w, b);
	SHM_STEP("G3");
	atomic_store(&r->state->windows[w].used, 0);
}
