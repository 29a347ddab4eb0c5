/*
 * budget.c - requests by the second, in rows of one writer, and retries in an
 * account that is changed by compare-and-swap. Its word says how many there
 * have been, and when the last one was; a mark for each second says how many
 * there were before it:
 *
 *	 B1 the marks of all seconds behind the last retry, up to this one
 *	 B2 the account: {second, count + 1}
 *
 * A mark of second s is written before the account can get to s. Who has seen
 * an older count may write it late, so marks only grow; the true one is the
 * largest, since the account moves to s from nothing else. Thus the difference
 * between the account and a mark is exact when B2 succeeds. Killed before B2,
 * nothing was taken, and the marks are those that the next one would write.
 *
 * A clock that is behind the account is set forward to it.
 */
#include "shm/budget.h"

#include "common/base/must.h"
#include "shm/step.h"

#define COUNT_BITS 36
#define COUNT_MASK ((UINT64_C(1) << COUNT_BITS) - 1)
#define SECOND_US 1000000u

_Static_assert(
    BUDGET_REQUESTS > BUDGET_SECONDS && BUDGET_MARKS > BUDGET_SECONDS,
    "a window, and the clocks of others");

static uint64_t
stamp(uint64_t second, uint64_t count)
{
	return second << COUNT_BITS | (count & COUNT_MASK);
}

static uint64_t
stamp_second(uint64_t word)
{
	return word >> COUNT_BITS;
}

static uint64_t
stamp_count(uint64_t word)
{
	return word & COUNT_MASK;
}

/* The first second of the window. */
static uint64_t
window_from(uint64_t second)
{
	return second >= BUDGET_SECONDS ? second - (BUDGET_SECONDS - 1) : 0;
}

void
budget_request(
    const struct region *r, uint32_t w, uint32_t service, uint64_t now_us)
{
	MUST(w < WORKERS_MAX && service < SERVICES_MAX);
	uint64_t second = now_us / SECOND_US;
	_Atomic uint64_t *word = &r->state->requests[w]
				      .service[service]
				      .at[second % BUDGET_REQUESTS];
	uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);

	SHM_STEP("request");
	atomic_store_explicit(word,
	    stamp_second(seen) == second ? seen + 1 : stamp(second, 1),
	    memory_order_relaxed);
}

/* Requests of the window, of all workers. */
static uint64_t
requests_sum(const struct region *r, uint32_t service, uint64_t second)
{
	uint64_t from = window_from(second), sum = 0;

	for (uint32_t w = 0; w < r->state->header.workers; w++) {
		struct shm_requests_row *row =
		    &r->state->requests[w].service[service];

		for (uint64_t s = from; s <= second; s++) {
			uint64_t word =
			    atomic_load_explicit(&row->at[s % BUDGET_REQUESTS],
				memory_order_relaxed);

			if (stamp_second(word) == s)
				sum += stamp_count(word);
		}
	}
	return sum;
}

/* Retries of the window, when the account is `word`. */
static uint64_t
retries_sum(struct shm_retries *a, uint64_t word, uint64_t second)
{
	uint64_t from = window_from(second);
	uint64_t mark;

	if (from > stamp_second(word))
		return 0;
	mark = atomic_load_explicit(
	    &a->mark[from % BUDGET_MARKS], memory_order_acquire);
	/* Else the account has moved on by a round, and B2 will fail. */
	if (stamp_second(mark) != from)
		return 0;
	return stamp_count(word - mark);
}

static bool
mark_is_older(uint64_t seen, uint64_t mark)
{
	uint64_t ahead = stamp_count(stamp_count(mark) - stamp_count(seen));

	if (stamp_second(seen) != stamp_second(mark))
		return stamp_second(seen) < stamp_second(mark);
	return ahead != 0 && ahead <= COUNT_MASK / 2;
}

static void
mark_write(struct shm_retries *a, uint64_t mark)
{
	_Atomic uint64_t *word = &a->mark[stamp_second(mark) % BUDGET_MARKS];
	uint64_t seen = atomic_load_explicit(word, memory_order_relaxed);

	while (mark_is_older(seen, mark)) {
		SHM_STEP("B1");
		if (atomic_compare_exchange_weak_explicit(word, &seen, mark,
			memory_order_release, memory_order_relaxed))
			return;
	}
}

/* Of those seconds that the account has not come to, when it is `word`. */
static void
marks_write(struct shm_retries *a, uint64_t word, uint64_t second)
{
	uint64_t s = window_from(second);

	if (s <= stamp_second(word))
		s = stamp_second(word) + 1;
	for (; s <= second; s++)
		mark_write(a, stamp(s, stamp_count(word)));
}

bool
budget_retry(const struct region *r, uint32_t service, const struct budget *b,
    uint64_t now_us)
{
	MUST(service < SERVICES_MAX);
	struct shm_retries *a = &r->state->retries[service];
	uint64_t word = atomic_load_explicit(&a->made, memory_order_acquire);
	uint64_t second, most;

	for (;;) {
		second = now_us / SECOND_US;
		if (second < stamp_second(word))
			second = stamp_second(word);
		most = requests_sum(r, service, second) * b->share / 1000;
		if (most < b->minimum)
			most = b->minimum;
		if (retries_sum(a, word, second) >= most)
			return false;
		marks_write(a, word, second);
		SHM_STEP("B2");
		if (atomic_compare_exchange_weak_explicit(&a->made, &word,
			stamp(second, stamp_count(word) + 1),
			memory_order_acq_rel, memory_order_acquire))
			return true;
	}
}
