/*
 * recorder.c - rings of records.
 *
 *	 writer                            reader
 *	 W1 reserve = place(commit) + MAX  R1 commit (acquire)
 *	    (relaxed), release fence       R2 copy
 *	 W2 the record, its number         R3 acquire fence, reserve
 *	 W3 the mark of that number           (relaxed): still there?
 *	 W4 commit (release)
 *
 * W4 and R1: who finds commit behind a record sees all of it. W1 and R3: who
 * has copied a byte of a later record sees that reserve has passed. A record
 * is there until reserve is more than a ring ahead of its start. A writer that
 * was killed before W4 has written nothing: its successor finds the number of
 * the last record by the mark that is of commit, which W3 of the next one does
 * not touch.
 */
#include "shm/recorder.h"

#include <string.h>

#include "common/base/must.h"
#include "common/base/prefetch.h"
#include "shm/readers.h"
#include "shm/recorder_layout.h"
#include "shm/step.h"

#define SEEK_TRIES 100     /* then the next one is taken as it comes */
#define PREFETCH_BYTES 448 /* of a record that is like most */

/* A ring, and where it is. */
struct track {
	struct shm_recorder *head;
	char *bytes;
	uint64_t size; /* 0: there is none */
};

/* By what the region said when it was attached: what it says now, a worker may
 * have overwritten. */
static inline __attribute__((always_inline)) struct track
track_of(const struct region *r, enum recorder_ring ring, uint32_t w)
{
	struct shm_records *s = r->records;
	uint64_t workers = r->workers;
	uint64_t requests = workers * r->record_bytes;

	if (s == NULL)
		return (struct track){ NULL, NULL, 0 };
	if (ring == RECORDER_REQUESTS) {
		MUST(w < workers);
		return (struct track){ &s->requests[w],
			s->rings + w * r->record_bytes, r->record_bytes };
	}
	MUST(w < workers || w == WORKERS_MAX);
	uint64_t i = w == WORKERS_MAX ? workers : w;
	return (struct track){ &s->audits[w],
		s->rings + requests + i * r->audit_bytes, r->audit_bytes };
}

/* Where the record behind position `at` begins. */
static uint64_t
track_place(uint64_t at)
{
	uint64_t left = RECORDER_BLOCK - at % RECORDER_BLOCK;

	return left < RECORD_MAX ? at + left : at;
}

static char *
track_at(const struct track *g, uint64_t at)
{
	return g->bytes + (at & (g->size - 1));
}

/* The number of the record that ends at `commit`; 0: none. */
static uint64_t
track_seq(const struct track *g, uint64_t commit)
{
	for (int i = 0; i < 2; i++) {
		struct shm_recorder_mark *m = &g->head->mark[i];

		if (atomic_load_explicit(&m->at, memory_order_relaxed) ==
		    commit)
			return atomic_load_explicit(
			    &m->seq, memory_order_relaxed);
	}
	return 0;
}

/* ---- the writer ---- */

/* What is below the cursor of the audit's reader may be overwritten. */
static bool
track_has_room(const struct region *r, uint32_t w, const struct track *g)
{
	uint64_t commit =
	    atomic_load_explicit(&g->head->commit, memory_order_relaxed);
	uint64_t done =
	    atomic_load_explicit(&r->readers->audit[w], memory_order_acquire);

	return g->size != 0 && done <= commit &&
	    track_place(commit) + RECORD_MAX - done <= g->size;
}

bool
recorder_audit_ready(const struct region *r, uint32_t w)
{
	struct track g = track_of(r, RECORDER_AUDIT, w);

	return g.size != 0 && track_has_room(r, w, &g);
}

void *
recorder_begin(const struct region *r, enum recorder_ring ring, uint32_t w)
{
	struct track g = track_of(r, ring, w);

	if (g.size == 0 ||
	    (ring == RECORDER_AUDIT && !track_has_room(r, w, &g)))
		return NULL;
	uint64_t at = track_place(
	    atomic_load_explicit(&g.head->commit, memory_order_relaxed));
	SHM_STEP("W1");
	atomic_store_explicit(
	    &g.head->reserve, at + RECORD_MAX, memory_order_relaxed);
	atomic_thread_fence(memory_order_release);
	SHM_STEP("W2");
	return track_at(&g, at);
}

/* Where the next one will be: long not looked at, and soon written. */
static void
track_prefetch(const struct track *g, uint64_t commit)
{
	prefetch(track_at(g, track_place(commit)), PREFETCH_BYTES);
}

void
recorder_commit(const struct region *r, enum recorder_ring ring, uint32_t w)
{
	struct track g = track_of(r, ring, w);
	uint64_t commit =
	    atomic_load_explicit(&g.head->commit, memory_order_relaxed);
	uint64_t at = track_place(commit), seq = track_seq(&g, commit) + 1;
	struct record_head *h = (void *)track_at(&g, at);
	struct shm_recorder_mark *m = &g.head->mark[seq % 2];

	MUST(h->bytes >= sizeof(*h) && h->bytes <= RECORD_MAX &&
	    h->bytes % 8 == 0);
	h->seq = seq;
	SHM_STEP("W3_at");
	atomic_store_explicit(&m->at, at + h->bytes, memory_order_relaxed);
	SHM_STEP("W3_seq");
	atomic_store_explicit(&m->seq, seq, memory_order_relaxed);
	SHM_STEP("W4");
	uint64_t end = at + h->bytes;
	atomic_store_explicit(&g.head->commit, end, memory_order_release);
	track_prefetch(&g, end);
}

/* ---- readers ---- */

/* Heads that no writer of ours makes: nobody gets that far. */
static uint64_t
track_commit(const struct track *g)
{
	uint64_t commit =
	    atomic_load_explicit(&g->head->commit, memory_order_acquire);

	return commit <= INT64_MAX ? commit : 0;
}

/* The oldest block that is whole still begins there. What is more than a ring
 * below commit is none of them, whatever reserve says. */
static uint64_t
track_oldest(const struct track *g, uint64_t commit)
{
	uint64_t reserve =
	    atomic_load_explicit(&g->head->reserve, memory_order_acquire);

	if (reserve < commit || reserve > INT64_MAX)
		reserve = commit;
	if (reserve <= g->size)
		return 0;
	return (reserve - g->size + RECORDER_BLOCK - 1) / RECORDER_BLOCK *
	    RECORDER_BLOCK;
}

/*
 * Behind the youngest record. The mark of its number is that of the next but
 * one, too, which is not written before the next one is committed.
 */
static void
track_seek_end(const struct track *g, struct recorder_cursor *c)
{
	for (int tries = 0; tries < SEEK_TRIES; tries++) {
		c->at = track_commit(g);
		uint64_t seq = track_seq(g, c->at);

		atomic_thread_fence(memory_order_acquire);
		if (track_commit(g) == c->at) {
			c->next = seq + 1;
			return;
		}
	}
}

void
recorder_seek(const struct region *r, enum recorder_ring ring, uint32_t w,
    bool end, struct recorder_cursor *c)
{
	struct track g = track_of(r, ring, w);

	*c = (struct recorder_cursor){ 0 };
	if (g.size == 0)
		return;
	if (end) {
		track_seek_end(&g, c);
		return;
	}
	c->at = track_oldest(&g, track_commit(&g));
	if (c->at == 0)
		c->next = 1;
}

/* R3 */
static bool
track_has(const struct track *g, uint64_t at)
{
	atomic_thread_fence(memory_order_acquire);
	return atomic_load_explicit(&g->head->reserve, memory_order_relaxed) -
	    at <=
	    g->size;
}

/* R2, R3: 0: it was overwritten meanwhile, or is none. */
static uint32_t
track_copy(const struct track *g, uint64_t at, uint64_t commit, void *out)
{
	const char *from = track_at(g, at);
	struct record_head *h = out;

	memcpy(h, from, sizeof(*h));
	/* What is looked at from here on is the copy. */
	atomic_signal_fence(memory_order_seq_cst);
	SHM_STEP("R2");
	if (h->bytes < sizeof(*h) || h->bytes > RECORD_MAX ||
	    h->bytes % 8 != 0 || h->bytes > commit - at)
		return 0;
	memcpy(h + 1, from + sizeof(*h), h->bytes - sizeof(*h));
	SHM_STEP("R3");
	return track_has(g, at) ? h->bytes : 0;
}

/* On at the oldest block that is left, or behind one that is damaged. */
static uint64_t
track_resync(const struct track *g, uint64_t at, uint64_t commit)
{
	uint64_t oldest = track_oldest(g, commit);

	return oldest > at ? oldest
			   : (at / RECORDER_BLOCK + 1) * RECORDER_BLOCK;
}

uint32_t
recorder_next(const struct region *r, enum recorder_ring ring, uint32_t w,
    struct recorder_cursor *c, void *out)
{
	struct track g = track_of(r, ring, w);
	const struct record_head *h = out;

	if (g.size == 0)
		return 0;
	for (;;) {
		uint64_t commit = track_commit(&g); /* R1 */
		uint64_t at = track_place(c->at);
		uint32_t n;

		if (at >= commit)
			return 0;
		n = track_has(&g, at) ? track_copy(&g, at, commit, out) : 0;
		if (n == 0) {
			c->at = track_resync(&g, at, commit);
			continue;
		}
		if (c->next != 0 && h->seq > c->next)
			c->lost += h->seq - c->next;
		c->next = h->seq + 1;
		c->at = at + n;
		return n;
	}
}

uint64_t
recorder_behind(const struct region *r, enum recorder_ring ring, uint32_t w,
    const struct recorder_cursor *c)
{
	struct track g = track_of(r, ring, w);
	uint64_t commit = g.size != 0 ? track_commit(&g) : 0;

	return commit > c->at ? commit - c->at : 0;
}
