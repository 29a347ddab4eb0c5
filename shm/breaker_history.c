/*
 * breaker_history.c - rings of transitions and failures, without a lock.
 *
 *	 D1 a failure: its number is drawn, then it is stored, in one word
 *	 D2 the parts of an entry are stored
 *	 D3 its seq = {number, check}, release
 *	 D4 control.changes grows
 *	 D5 an entry that is missing: lost = {number, from, to, time}, one store
 *
 * D5 is by anyone, and all would store the same; D1 to D4 are by who made the
 * transition, alone. Whoever is overtaken by a whole round of the ring before
 * D3 spoils an entry, which then fails its check and is not shown.
 */
#include "shm/breaker_history.h"

#include "common/base/clock.h"
#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/breaker_word.h"
#include "shm/step.h"

#define FAILURE_DETAIL_MAX 0xfffffu
#define FAILURE_CAUSE 20
#define FAILURE_EPOCH 26
#define FAILURE_MS 32
#define SIX_BITS 0x3fu

#define LOST_WALL_MASK ((UINT64_C(1) << 36) - 1)
#define LOST_TO 36
#define LOST_FROM 38
#define LOST_NUMBER 40

_Static_assert(CHANGE_CAUSE_COUNT <= SIX_BITS + 1, "6 bits in a failure");

static struct shm_turn *
turn_at(const struct region *r, uint32_t breaker, uint64_t number)
{
	MUST(breaker < BREAKERS_MAX);
	return &r->state->turns[breaker].turn[number % BREAKER_TURNS_KEPT];
}

/* ---- failures ---- */

static uint64_t
failure_pack(
    uint64_t ms, uint32_t epoch, enum change_cause cause, uint32_t detail)
{
	if (detail > FAILURE_DETAIL_MAX)
		detail = FAILURE_DETAIL_MAX;
	return ms << FAILURE_MS |
	    (uint64_t)(epoch & SIX_BITS) << FAILURE_EPOCH |
	    (uint64_t)cause << FAILURE_CAUSE | detail;
}

static struct breaker_failure
failure_unpack(uint64_t word)
{
	return (struct breaker_failure){
		.before_ms = word >> FAILURE_MS,
		.cause = (enum change_cause)(word >> FAILURE_CAUSE & SIX_BITS),
		.detail = (uint32_t)word & FAILURE_DETAIL_MAX,
	};
}

void
breaker_history_failed(const struct region *r, uint32_t breaker, uint32_t epoch,
    enum change_cause cause, uint32_t detail, uint64_t now_us)
{
	struct shm_breaker *b = breaker_at(r, breaker);

	SHM_STEP("D1_drawn");
	uint64_t n =
	    atomic_fetch_add_explicit(&b->failures, 1, memory_order_relaxed);
	SHM_STEP("D1");
	atomic_store_explicit(&b->failure[n % BREAKER_FAILURES_KEPT],
	    failure_pack(now_us / 1000, epoch, cause, detail),
	    memory_order_release);
}

/* Those of an epoch, oldest first, with how long ago they were. */
static uint32_t
failures_of(const struct region *r, uint32_t breaker, uint32_t epoch,
    uint64_t now_us, uint64_t out[BREAKER_FAILURES_KEPT])
{
	struct shm_breaker *b = breaker_at(r, breaker);
	uint64_t end = atomic_load_explicit(&b->failures, memory_order_acquire);
	uint64_t i =
	    end > BREAKER_FAILURES_KEPT ? end - BREAKER_FAILURES_KEPT : 0;
	uint32_t n = 0;

	for (; i < end; i++) {
		uint64_t word =
		    atomic_load_explicit(&b->failure[i % BREAKER_FAILURES_KEPT],
			memory_order_acquire);
		/* Of 32 bits; another's clock may be ahead of this one's. */
		uint32_t ago =
		    (uint32_t)(now_us / 1000) - (uint32_t)(word >> FAILURE_MS);

		if (word == 0 ||
		    (word >> FAILURE_EPOCH & SIX_BITS) != (epoch & SIX_BITS))
			continue;
		if (ago > INT32_MAX)
			ago = 0;
		out[n++] = (uint64_t)ago << FAILURE_MS | (uint32_t)word;
	}
	return n;
}

uint32_t
breaker_failures(const struct region *r, uint32_t breaker, uint64_t now_us,
    struct breaker_failure out[BREAKER_FAILURES_KEPT])
{
	uint64_t words[BREAKER_FAILURES_KEPT];
	uint32_t epoch = breaker_epoch(r, breaker);
	uint32_t n = failures_of(r, breaker, epoch, now_us, words);

	for (uint32_t i = 0; i < n; i++)
		out[i] = failure_unpack(words[i]);
	return n;
}

/* ---- entries ---- */

/* What an entry holds, but for its number. */
struct turn_entry {
	int64_t wall_us;
	uint32_t what, detail;
	struct breaker_sums window;
	uint64_t failure[BREAKER_FAILURES_KEPT];
};

/* {from:2, to:2, cause:8, fails:12, count:8} */
static uint32_t
what_pack(const struct breaker_turn *t, uint32_t count)
{
	return (uint32_t)t->from | (uint32_t)t->to << 2 |
	    (uint32_t)t->cause << 4 | (t->fails & 0xfff) << 12 | count << 24;
}

/* {number:32, check:32}; number 0 has no entry. */
static uint64_t
turn_entry_seq(uint64_t number, const struct turn_entry *e)
{
	uint64_t h = hash_u64(number);

	h = hash_u64(h ^ (uint64_t)e->wall_us);
	h = hash_u64(h ^ ((uint64_t)e->what << 32 | e->detail));
	h = hash_u64(h ^ ((uint64_t)e->window.calls << 32 | e->window.failed));
	h = hash_u64(h ^ e->window.slow);
	for (uint32_t i = 0; i < BREAKER_FAILURES_KEPT; i++)
		h = hash_u64(h ^ e->failure[i]);
	return number << 32 | h >> 32;
}

static void
turn_entry_store(struct shm_turn *t, const struct turn_entry *e)
{
	const memory_order order = memory_order_relaxed;

	SHM_STEP("D2_wall");
	atomic_store_explicit(&t->wall_us, e->wall_us, order);
	SHM_STEP("D2_what");
	atomic_store_explicit(&t->what, e->what, order);
	SHM_STEP("D2_detail");
	atomic_store_explicit(&t->detail, e->detail, order);
	SHM_STEP("D2_window");
	atomic_store_explicit(&t->calls, e->window.calls, order);
	atomic_store_explicit(&t->failed, e->window.failed, order);
	atomic_store_explicit(&t->slow, e->window.slow, order);
	SHM_STEP("D2_failures");
	for (uint32_t i = 0; i < BREAKER_FAILURES_KEPT; i++)
		atomic_store_explicit(&t->failure[i], e->failure[i], order);
}

static struct turn_entry
turn_entry_load(const struct shm_turn *t)
{
	const memory_order order = memory_order_relaxed;
	struct turn_entry e = {
		.wall_us = atomic_load_explicit(&t->wall_us, order),
		.what = atomic_load_explicit(&t->what, order),
		.detail = atomic_load_explicit(&t->detail, order),
		.window = { atomic_load_explicit(&t->calls, order),
		    atomic_load_explicit(&t->failed, order),
		    atomic_load_explicit(&t->slow, order) },
	};

	for (uint32_t i = 0; i < BREAKER_FAILURES_KEPT; i++)
		e.failure[i] = atomic_load_explicit(&t->failure[i], order);
	return e;
}

void
breaker_history_add(const struct region *r, uint32_t breaker,
    const struct breaker_turn *turn, uint32_t epoch, uint64_t now_us)
{
	struct shm_turn *t = turn_at(r, breaker, turn->number);
	struct turn_entry e = { .wall_us = clock_wall().us,
		.detail = turn->detail,
		.window = turn->window };

	e.what =
	    what_pack(turn, failures_of(r, breaker, epoch, now_us, e.failure));
	atomic_fetch_add_explicit(
	    &breaker_at(r, breaker)->made[turn->to], 1, memory_order_relaxed);
	/* He was overtaken, by a round: what is there is younger. */
	if (atomic_load(&breaker_at(r, breaker)->turns) >=
	    turn->number + BREAKER_TURNS_KEPT)
		return;
	turn_entry_store(t, &e);
	SHM_STEP("D3");
	atomic_store_explicit(
	    &t->seq, turn_entry_seq(turn->number, &e), memory_order_release);
	SHM_STEP("D4");
	atomic_fetch_add_explicit(
	    &r->state->control.changes, 1, memory_order_release);
}

/* ---- entries that are missing ---- */

static bool
lost_is(uint64_t lost, uint64_t number)
{
	return lost >> LOST_NUMBER == (number & (UINT64_MAX >> LOST_NUMBER));
}

void
breaker_history_keep(const struct region *r, uint32_t breaker, uint64_t number,
    enum breaker_state from, enum breaker_state to)
{
	struct shm_turn *t = turn_at(r, breaker, number);
	uint64_t wall_s = (uint64_t)(clock_wall().us / 1000000);

	if (atomic_load(&t->seq) >> 32 == (uint32_t)number ||
	    lost_is(atomic_load(&t->lost), number))
		return;
	SHM_STEP("D5");
	atomic_store(&t->lost,
	    number << LOST_NUMBER | (uint64_t)from << LOST_FROM |
		(uint64_t)to << LOST_TO | (wall_s & LOST_WALL_MASK));
}

/* ---- reading ---- */

static void
turn_fill(const struct turn_entry *e, uint64_t number, struct breaker_turn *out)
{
	uint32_t n = e->what >> 24;

	*out = (struct breaker_turn){
		.number = number,
		.wall_us = e->wall_us,
		.from = (enum breaker_state)(e->what & 3),
		.to = (enum breaker_state)(e->what >> 2 & 3),
		.cause = (enum change_cause)(e->what >> 4 & 0xff),
		.detail = e->detail,
		.window = e->window,
		.fails = e->what >> 12 & 0xfff,
	};
	for (; out->failure_count < n &&
	     out->failure_count < BREAKER_FAILURES_KEPT;
	     out->failure_count++)
		out->failures[out->failure_count] =
		    failure_unpack(e->failure[out->failure_count]);
}

static void
turn_fill_lost(uint64_t lost, uint64_t number, struct breaker_turn *out)
{
	*out = (struct breaker_turn){
		.number = number,
		.wall_us = (int64_t)(lost & LOST_WALL_MASK) * 1000000,
		.from = (enum breaker_state)(lost >> LOST_FROM & 3),
		.to = (enum breaker_state)(lost >> LOST_TO & 3),
		.cause = CAUSE_UNKNOWN,
	};
}

/* False: it is not written yet, or was spoiled. */
static bool
turn_read(const struct shm_turn *t, uint64_t number, struct breaker_turn *out)
{
	uint64_t lost = atomic_load(&t->lost);
	uint64_t seq = atomic_load_explicit(&t->seq, memory_order_acquire);
	struct turn_entry e = turn_entry_load(t);

	if (seq == turn_entry_seq(number, &e)) {
		turn_fill(&e, number, out);
		return true;
	}
	if (!lost_is(lost, number))
		return false;
	turn_fill_lost(lost, number, out);
	return true;
}

uint32_t
breaker_history_read(const struct region *r, uint32_t breaker, uint64_t from,
    struct breaker_turn *out, uint32_t max)
{
	struct shm_breaker *b = breaker_at(r, breaker);
	uint64_t first = atomic_load(&b->first);
	uint64_t last = breaker_number(r, breaker);
	uint64_t room = max < BREAKER_TURNS_KEPT ? max : BREAKER_TURNS_KEPT;
	uint32_t n = 0;

	if (from <= first)
		from = first + 1;
	if (last >= room && from <= last - room)
		from = last - room + 1;
	for (uint64_t i = from; i <= last; i++)
		n += turn_read(turn_at(r, breaker, i), i, &out[n]);
	return n;
}
