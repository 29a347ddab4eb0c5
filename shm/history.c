/*
 * history.c - a ring of changes per endpoint, with many writers and no lock.
 *
 *	 H1 a number is drawn
 *	 H2 wall time, what and detail are stored in entry number % HISTORY_KEPT
 *	 H3 seq = {number + 1, check}, release
 *	 H4 control.changes grows
 *
 * Writers do not wait for each other: one that was overtaken by a whole round
 * of the ring spoils an entry, which then fails its check and is not shown.
 */
#include "shm/history.h"

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/step.h"

_Static_assert(CHANGE_EVENT_COUNT <= 256 && CHANGE_CAUSE_COUNT <= 256,
    "8 bits each in shm_change.what");

static const char *const event_names[] = {
#define CHANGE_EVENT(id, word, help) [CHANGE_##id] = word,
#include "shm/vital.def"
};

static const char *const cause_names[] = {
#define CHANGE_CAUSE(id, word, help) [CAUSE_##id] = word,
#include "shm/vital.def"
};

const char *
change_event_name(enum change_event e)
{
	return e < CHANGE_EVENT_COUNT ? event_names[e] : "unknown";
}

const char *
change_cause_name(enum change_cause c)
{
	return c < CHANGE_CAUSE_COUNT ? cause_names[c] : "unknown";
}

static struct shm_history *
history_of(const struct region *r, uint32_t index)
{
	MUST(index < ENDPOINTS_MAX);
	return &r->state->histories[index];
}

/* {number + 1:32, check:32} */
static uint64_t
change_seq(uint64_t number, int64_t wall_us, uint32_t what, uint32_t detail)
{
	uint64_t h = hash_u64(number + 1);

	h = hash_u64(h ^ (uint64_t)wall_us);
	h = hash_u64(h ^ ((uint64_t)what << 32 | detail));
	return (number + 1) << 32 | h >> 32;
}

void
history_add(const struct region *r, uint32_t index, enum change_event event,
    enum change_cause cause, uint32_t detail)
{
	struct shm_history *h = history_of(r, index);
	int64_t wall_us = clock_wall().us;
	uint32_t what = (uint32_t)event | (uint32_t)cause << 8;

	SHM_STEP("H1");
	uint64_t number =
	    atomic_fetch_add_explicit(&h->count, 1, memory_order_relaxed);
	struct shm_change *c = &h->change[number % HISTORY_KEPT];
	SHM_STEP("H2_wall");
	atomic_store_explicit(&c->wall_us, wall_us, memory_order_relaxed);
	SHM_STEP("H2_what");
	atomic_store_explicit(&c->what, what, memory_order_relaxed);
	SHM_STEP("H2_detail");
	atomic_store_explicit(&c->detail, detail, memory_order_relaxed);
	SHM_STEP("H3");
	atomic_store_explicit(&c->seq,
	    change_seq(number, wall_us, what, detail), memory_order_release);
	SHM_STEP("H4");
	atomic_fetch_add_explicit(
	    &r->state->control.changes, 1, memory_order_release);
}

uint64_t
history_count(const struct region *r, uint32_t index)
{
	return atomic_load_explicit(
	    &history_of(r, index)->count, memory_order_acquire);
}

/* False: it was lost, overwritten, or is not whole yet. */
static bool
change_read(const struct shm_change *c, uint64_t number, struct change *out)
{
	uint64_t seq = atomic_load_explicit(&c->seq, memory_order_acquire);
	int64_t wall_us =
	    atomic_load_explicit(&c->wall_us, memory_order_relaxed);
	uint32_t what = atomic_load_explicit(&c->what, memory_order_relaxed);
	uint32_t detail =
	    atomic_load_explicit(&c->detail, memory_order_relaxed);

	*out = (struct change){
		.number = number,
		.wall_us = wall_us,
		.event = (enum change_event)(what & 0xff),
		.cause = (enum change_cause)(what >> 8 & 0xff),
		.detail = detail,
	};
	return seq == change_seq(number, wall_us, what, detail);
}

uint32_t
history_read(const struct region *r, uint32_t index, uint64_t from,
    struct change *out, uint32_t max)
{
	struct shm_history *h = history_of(r, index);
	uint64_t first = atomic_load_explicit(&h->first, memory_order_acquire);
	uint64_t end = history_count(r, index);
	uint64_t room = max < HISTORY_KEPT ? max : HISTORY_KEPT;
	uint32_t n = 0;

	if (from < first)
		from = first;
	if (end > room && from < end - room)
		from = end - room;
	for (uint64_t i = from; i < end; i++)
		n += change_read(&h->change[i % HISTORY_KEPT], i, &out[n]);
	return n;
}

uint64_t
history_changes(const struct region *r)
{
	return atomic_load_explicit(
	    &r->state->control.changes, memory_order_acquire);
}

void
history_reset(struct region *r, uint32_t index)
{
	SHM_STEP("history_first");
	atomic_store_explicit(&history_of(r, index)->first,
	    history_count(r, index), memory_order_release);
}
