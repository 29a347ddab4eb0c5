/*
 * permit.c - protocol B. The marks are the labels of tests/model/permits.pml.
 *
 *	 take, drop                          recover, once w is reaped
 *	 T1 high, for an entry never used    P1 of the one pending entry:
 *	 B1 ++opseq                             A1 is its tag in the word?
 *	 B2 entry = ACQ, or REL                 A2 or done[w] >= its number?
 *	 H1 done[o.worker] >= o.seq             ACQ: yes HELD, no FREE
 *	 C1 word: o -> {count +- 1, w, seq}     REL: yes FREE, no drop again
 *	 E1 entry = HELD, or FREE            P2 then drop every HELD
 *	                                     P3 high = 0
 *
 * An operation took place if C1 did. Its tag is in the word then, or was
 * overwritten by somebody who first told its worker's `done` (H1); so whoever
 * does not find the tag in the word, and looks at `done` after that, knows. One
 * `done` per worker is enough, because only its newest operation can be
 * pending: a worker ends one before it begins the next, and P1 ends it before
 * P2 begins more. For the same reason nobody tells his own `done`.
 *
 * Numbers: opseq and done have 64 bits, tags only the last 36 of them. What a
 * tag stands for is the newest number, not above the opseq of its worker, that
 * ends like this, if the tag is less than 2^36 operations of its worker old. It
 * is: every 2^35 operations, before B1, a worker takes its tags out of all
 * words (F1); they belong to operations that are complete, so nobody needs
 * them. A kill within F1 is made good by whoever goes on as w, as opseq still
 * is what it was. What remains is a helper that stands still between loading a
 * word and loading an opseq, while the other worker does 2^35 operations: days,
 * where a worker that stands still is killed within seconds. And then a count
 * is wrong only if, of all numbers, the mistaken one is that of an operation
 * which a kill left pending.
 */
#include "shm/permit.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "shm/step.h"

/* {count:20, worker:8, seq:36} */
#define SEQ_BITS 36
#define SEQ_MASK ((UINT64_C(1) << SEQ_BITS) - 1)
#define WORD_WORKER 36
#define WORD_COUNT 44
#define WORD_TAG ((UINT64_C(1) << WORD_COUNT) - 1)
/* {seq:36, resource:20, state:8} */
#define ENTRY_RESOURCE 8
#define ENTRY_SEQ 28
#define ENTRY_STATE_MASK 0xff
#define ENTRY_RESOURCE_MASK 0xfffff
/* How many operations pass between two of F1. */
#define FORGET_EVERY (UINT64_C(1) << (SEQ_BITS - 1))

_Static_assert(PERMIT_RESOURCES <= ENTRY_RESOURCE_MASK + 1, "20 bits");
_Static_assert(WORKERS_MAX <= 0xff, "8 bits, 0 is none");

enum entry_state {
	ENTRY_FREE,
	ENTRY_ACQ, /* being taken: pending */
	ENTRY_HELD,
	ENTRY_REL, /* being dropped: pending */
};

static struct shm_ledger *
ledger_at(const struct region *r, uint32_t w)
{
	return &r->state->ledgers[w];
}

/* ---- the word of a resource ---- */

static _Atomic uint64_t *
word_at(const struct region *r, uint32_t resource)
{
	MUST(resource < PERMIT_RESOURCES);
	if (resource < PERMIT_KEYED)
		return &r->state->permits[resource].word;
	resource -= PERMIT_KEYED;
	return &r->state->keyed[resource / KEYED_WAYS]
		    .word[resource % KEYED_WAYS];
}

static uint32_t
word_out(uint64_t o)
{
	return (uint32_t)(o >> WORD_COUNT);
}

/* Slot + 1; 0: no tag. */
static uint32_t
word_worker(uint64_t o)
{
	return (uint32_t)(o >> WORD_WORKER) & 0xff;
}

static uint64_t
word_tag(uint32_t w, uint64_t seq)
{
	return (uint64_t)(w + 1) << WORD_WORKER | (seq & SEQ_MASK);
}

/* The number, of worker w, whose last bits these are. */
static uint64_t
seq_complete(const struct region *r, uint32_t w, uint64_t bits)
{
	uint64_t last = atomic_load(&ledger_at(r, w)->opseq);
	return last - ((last - bits) & SEQ_MASK);
}

/* H1: before w overwrites what it saw. */
static void
word_help(const struct region *r, uint32_t w, uint64_t o)
{
	uint32_t tagged = word_worker(o);

	if (tagged == 0 || tagged == w + 1 || tagged > WORKERS_MAX)
		return;
	_Atomic uint64_t *done = &ledger_at(r, tagged - 1)->done;
	uint64_t seq = seq_complete(r, tagged - 1, o & SEQ_MASK);
	uint64_t was = atomic_load(done);
	while (was < seq) {
		SHM_STEP("H1");
		if (atomic_compare_exchange_strong(done, &was, seq))
			return;
	}
}

/* False: another was faster, and `o` is what it left. */
static bool
word_replace(const struct region *r, uint32_t resource, uint64_t *o,
    uint32_t count, uint32_t w, uint64_t seq)
{
	uint64_t next = (uint64_t)count << WORD_COUNT | word_tag(w, seq);

	word_help(r, w, *o);
	SHM_STEP("C1");
	return atomic_compare_exchange_strong(word_at(r, resource), o, next);
}

/* F1 */
static void
word_forget(const struct region *r, uint32_t w, uint32_t resource)
{
	uint64_t o = atomic_load(word_at(r, resource));

	if (word_worker(o) != w + 1)
		return;
	SHM_STEP("F1");
	/* If it fails, another has overwritten the tag. */
	(void)atomic_compare_exchange_strong(
	    word_at(r, resource), &o, o & ~WORD_TAG);
}

/* No word has a tag of an operation that is pending. */
static void
words_forget(const struct region *r, uint32_t w)
{
	uint32_t endpoints = atomic_load(&r->state->control.endpoints);
	uint32_t services = atomic_load(&r->state->control.services);

	for (uint32_t i = 0; i < endpoints && i < ENDPOINTS_MAX; i++) {
		word_forget(r, w, i);
		word_forget(r, w, PERMIT_BREAKER + i);
	}
	for (uint32_t i = 0; i < services && i < SERVICES_MAX; i++) {
		word_forget(r, w, PERMIT_BREAKER + ENDPOINTS_MAX + i);
		word_forget(r, w, PERMIT_QUEUE + i);
	}
	for (uint32_t i = PERMIT_KEYED; i < PERMIT_RESOURCES; i++)
		word_forget(r, w, i);
}

/* ---- the entries of a ledger ---- */

static uint32_t
entry_resource(uint64_t entry)
{
	return (entry >> ENTRY_RESOURCE) & ENTRY_RESOURCE_MASK;
}

/* FREE also where another process left nonsense. */
static enum entry_state
entry_load(const struct region *r, uint32_t w, uint32_t ticket, uint64_t *entry)
{
	*entry = atomic_load(&ledger_at(r, w)->entry[ticket]);
	uint32_t state = *entry & ENTRY_STATE_MASK;

	if (state > ENTRY_REL || entry_resource(*entry) >= PERMIT_RESOURCES)
		return ENTRY_FREE;
	return state;
}

/* E1, or B2: what was stored before is seen by whoever sees the state. */
static void
entry_store(const struct region *r, uint32_t w, uint32_t ticket, uint64_t seq,
    uint32_t resource, enum entry_state state)
{
	atomic_store_explicit(&ledger_at(r, w)->entry[ticket],
	    seq << ENTRY_SEQ | (uint64_t)resource << ENTRY_RESOURCE | state,
	    memory_order_release);
}

/* B1, B2: an operation is pending. Returns its number. */
static uint64_t
entry_begin(const struct region *r, uint32_t w, uint32_t ticket,
    uint32_t resource, enum entry_state state)
{
	_Atomic uint64_t *opseq = &ledger_at(r, w)->opseq;
	uint64_t seq = atomic_load_explicit(opseq, memory_order_relaxed) + 1;

	if (seq % FORGET_EVERY == 0)
		words_forget(r, w);
	SHM_STEP("B1");
	atomic_store_explicit(opseq, seq, memory_order_release);
	SHM_STEP("B2");
	entry_store(r, w, ticket, seq, resource, state);
	return seq;
}

/* Whoever runs as w: the worker, and later the keeper. */
static void
entry_drop(
    const struct region *r, uint32_t w, uint32_t ticket, uint32_t resource)
{
	uint64_t seq = entry_begin(r, w, ticket, resource, ENTRY_REL);
	uint64_t o = atomic_load(word_at(r, resource));
	uint32_t count;

	do { /* a word that others write: never below 0 */
		count = word_out(o);
		count -= count != 0;
	} while (!word_replace(r, resource, &o, count, w, seq));
	SHM_STEP("E1");
	entry_store(r, w, ticket, seq, resource, ENTRY_FREE);
}

/* ---- the worker ---- */

bool
permits_init(struct permits *p, const struct region *r, uint32_t w)
{
	MUST(w < WORKERS_MAX);
	MUST(atomic_load(&ledger_at(r, w)->high) == 0);
	*p = (struct permits){ .region = r, .slot = w };
	p->free = malloc(LEDGER_MAX * sizeof(*p->free));
	return p->free != NULL;
}

void
permits_fini(struct permits *p)
{
	free(p->free);
	*p = (struct permits){ 0 };
}

bool
permits_full(const struct permits *p)
{
	return p->free_count == 0 &&
	    atomic_load_explicit(&ledger_at(p->region, p->slot)->high,
		memory_order_relaxed) >= LEDGER_MAX;
}

/* Those used before come first: the ledger's touched part stays small. */
static uint32_t
ticket_pick(struct permits *p)
{
	_Atomic uint32_t *high = &ledger_at(p->region, p->slot)->high;

	if (p->free_count != 0)
		return p->free[--p->free_count];
	uint32_t ticket = atomic_load_explicit(high, memory_order_relaxed);
	if (ticket >= LEDGER_MAX)
		return PERMIT_NONE;
	SHM_STEP("T1");
	atomic_store_explicit(high, ticket + 1, memory_order_release);
	return ticket;
}

/* How many are out then; 0: no more may be. */
static uint32_t
word_take(const struct region *r, uint32_t resource, uint32_t max, uint32_t w,
    uint64_t seq)
{
	uint64_t o = atomic_load(word_at(r, resource));

	do {
		if (word_out(o) >= max)
			return 0;
	} while (!word_replace(r, resource, &o, word_out(o) + 1, w, seq));
	return word_out(o) + 1;
}

uint32_t
permit_take_counted(
    struct permits *p, uint32_t resource, uint32_t max, uint32_t *count)
{
	const struct region *r = p->region;
	uint32_t ticket;

	if (max == 0 || max > PERMIT_COUNT_MAX)
		max = PERMIT_COUNT_MAX;
	if (permit_count(r, resource) >= max)
		return PERMIT_NONE;
	ticket = ticket_pick(p);
	if (ticket == PERMIT_NONE)
		return PERMIT_NONE;
	uint64_t seq = entry_begin(r, p->slot, ticket, resource, ENTRY_ACQ);
	uint32_t out = word_take(r, resource, max, p->slot, seq);
	SHM_STEP("E1");
	entry_store(r, p->slot, ticket, seq, resource,
	    out != 0 ? ENTRY_HELD : ENTRY_FREE);
	if (out == 0) {
		p->free[p->free_count++] = ticket;
		return PERMIT_NONE;
	}
	*count = out;
	return ticket;
}

uint32_t
permit_take(struct permits *p, uint32_t resource, uint32_t max)
{
	uint32_t count;

	return permit_take_counted(p, resource, max, &count);
}

void
permit_drop(struct permits *p, uint32_t ticket)
{
	uint64_t entry;

	MUST(ticket < LEDGER_MAX);
	MUST(entry_load(p->region, p->slot, ticket, &entry) == ENTRY_HELD);
	entry_drop(p->region, p->slot, ticket, entry_resource(entry));
	p->free[p->free_count++] = ticket;
}

uint32_t
permit_count(const struct region *r, uint32_t resource)
{
	return word_out(atomic_load(word_at(r, resource)));
}

void
permit_want(const struct region *r, uint32_t resource, uint64_t now_us)
{
	MUST(resource < ENDPOINTS_MAX);
	atomic_store_explicit(&r->state->permits[resource].wanted_us, now_us,
	    memory_order_relaxed);
}

uint64_t
permit_wanted_us(const struct region *r, uint32_t resource)
{
	MUST(resource < ENDPOINTS_MAX);
	return atomic_load_explicit(
	    &r->state->permits[resource].wanted_us, memory_order_relaxed);
}

/* ---- recovery ---- */

/* The word first: the tag may be overwritten between the two looks. */
static bool
entry_applied(const struct region *r, uint32_t w, uint64_t entry)
{
	uint64_t bits = entry >> ENTRY_SEQ;
	uint64_t o = atomic_load(word_at(r, entry_resource(entry))); /* A1 */

	if ((o & WORD_TAG) == word_tag(w, bits))
		return true;
	SHM_STEP("A2");
	return atomic_load(&ledger_at(r, w)->done) >= seq_complete(r, w, bits);
}

/* P1 */
static void
entry_settle(const struct region *r, uint32_t w, uint32_t ticket)
{
	uint64_t entry;
	enum entry_state state = entry_load(r, w, ticket, &entry);
	uint32_t resource = entry_resource(entry);

	if (state != ENTRY_ACQ && state != ENTRY_REL)
		return;
	bool applied = entry_applied(r, w, entry);
	if (state == ENTRY_REL && !applied) {
		entry_drop(r, w, ticket, resource);
		return;
	}
	SHM_STEP("P1");
	entry_store(r, w, ticket, entry >> ENTRY_SEQ, resource,
	    state == ENTRY_ACQ && applied ? ENTRY_HELD : ENTRY_FREE);
}

void
permit_recover(struct region *r, uint32_t w)
{
	MUST(w < WORKERS_MAX);
	struct shm_ledger *l = ledger_at(r, w);
	uint32_t high = atomic_load(&l->high);
	uint64_t entry;

	if (high > LEDGER_MAX)
		high = LEDGER_MAX;
	for (uint32_t i = 0; i < high; i++)
		entry_settle(r, w, i);
	for (uint32_t i = 0; i < high; i++) /* P2 */
		if (entry_load(r, w, i, &entry) == ENTRY_HELD)
			entry_drop(r, w, i, entry_resource(entry));
	SHM_STEP("P3"); /* a successor starts with the first entries again */
	atomic_store(&l->high, 0);
}
