/*
 * jobs.c - whose each place is: its state word says so.
 *
 *	 worker w               helper h                keeper, of the dead
 *	 J1 FREE -> FILLING     J4 READY -> TAKEN       FILLING(w): J7
 *	 J2 the texts           J5 TAKEN -> ENDING      READY(w) -> FILLING, J7
 *	 J3 FILLING -> READY    J6 wipe                 TAKEN, ENDING(w):
 *	 J9 DONE -> FREE        J8 ENDING -> DONE,          forgotten
 *	                           or FREE: forgotten   DONE(w) -> FREE
 *	 gives up:                                      TAKEN(h) -> READY
 *	 READY -> FILLING, J7 wipe and -> FREE          ENDING(h): J6, J8
 *	 TAKEN, ENDING: forgotten
 *
 * The texts are touched by none but who owns the place: w in FILLING, h in
 * TAKEN and ENDING, and the keeper in the name of one that is dead. ENDING has
 * the result: from there on the work is not done again, for its texts may be
 * gone. A ticket has the job's number, so it is never taken for another's.
 */
#include "shm/jobs.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/step.h"

#define JOB_STATE_MASK 7u
#define JOB_FORGOTTEN 8u
#define JOB_RESULT_SHIFT 4
#define JOB_RESULT_MASK 3u
#define JOB_DEATHS_SHIFT 6
#define JOB_DEATHS_MASK 3u
#define JOB_DEATHS_MAX 2 /* of helpers, by one job */
#define JOB_HELPER_SHIFT 8
#define JOB_WORKER_SHIFT 16
#define JOB_BYTE_MASK 0xffu
#define JOB_NUMBER_SHIFT 24
#define JOB_NUMBER_MASK ((UINT64_C(1) << 40) - 1)
#define JOB_PLACE_BITS 8
_Static_assert(JOBS_MAX == 1 << JOB_PLACE_BITS, "a ticket names a place");

enum job_state {
	JOB_FREE, /* the whole word is 0 */
	JOB_FILLING,
	JOB_READY,
	JOB_TAKEN,
	JOB_ENDING,
	JOB_DONE,
};

/* ---- state words ---- */

static enum job_state
job_state(uint64_t o)
{
	return o & JOB_STATE_MASK;
}

static uint64_t
job_with(uint64_t o, enum job_state state)
{
	return (o & ~(uint64_t)JOB_STATE_MASK) | state;
}

static uint32_t
job_worker(uint64_t o)
{
	return o >> JOB_WORKER_SHIFT & JOB_BYTE_MASK;
}

static bool
job_is_helpers(uint64_t o, uint32_t h)
{
	return (job_state(o) == JOB_TAKEN || job_state(o) == JOB_ENDING) &&
	    (o >> JOB_HELPER_SHIFT & JOB_BYTE_MASK) == h;
}

static uint64_t
job_with_result(uint64_t o, enum job_result result)
{
	o &= ~((uint64_t)JOB_RESULT_MASK << JOB_RESULT_SHIFT);
	return job_with(o, JOB_ENDING) | (uint64_t)result << JOB_RESULT_SHIFT;
}

static uint64_t
job_with_helper(uint64_t o, uint32_t h)
{
	o &= ~((uint64_t)JOB_BYTE_MASK << JOB_HELPER_SHIFT);
	return job_with(o, JOB_TAKEN) | (uint64_t)h << JOB_HELPER_SHIFT;
}

/* ---- places ---- */

static _Atomic uint64_t *
job_word(const struct region *r, uint32_t place)
{
	return &r->vault->jobs.word[place % JOBS_MAX];
}

static struct shm_job *
job_at(const struct region *r, uint32_t place)
{
	return &r->vault->jobs.job[place % JOBS_MAX];
}

/* What the owner of the place wrote before is seen by whoever has it next. */
static uint64_t
job_load(const struct region *r, uint32_t place)
{
	return atomic_load_explicit(job_word(r, place), memory_order_acquire);
}

static bool
job_swap(const struct region *r, uint32_t place, uint64_t from, uint64_t to)
{
	return atomic_compare_exchange_strong_explicit(job_word(r, place),
	    &from, to, memory_order_acq_rel, memory_order_relaxed);
}

static void
job_wipe(const struct region *r, uint32_t place)
{
	struct shm_job *j = job_at(r, place);

	SHM_STEP("J6");
	explicit_bzero(j->texts, sizeof(j->texts));
	j->a_bytes = j->b_bytes = 0;
}

/* J7: the place is FILLING, and the caller's. */
static void
job_free(const struct region *r, uint32_t place)
{
	job_wipe(r, place);
	SHM_STEP("J7");
	atomic_store_explicit(job_word(r, place), 0, memory_order_release);
}

/* J6, J8: the place is ENDING, and the caller's. */
static void
job_end(const struct region *r, uint32_t place)
{
	uint64_t o, to;

	job_wipe(r, place);
	do {
		o = job_load(r, place);
		to = (o & JOB_FORGOTTEN) != 0 ? 0 : job_with(o, JOB_DONE);
		SHM_STEP("J8");
	} while (!job_swap(r, place, o, to));
}

/* ---- workers ---- */

static uint64_t
ticket_make(uint64_t number, uint32_t place)
{
	return number << JOB_PLACE_BITS | place;
}

static bool
ticket_is_of(uint64_t ticket, uint64_t o)
{
	return o >> JOB_NUMBER_SHIFT == ticket >> JOB_PLACE_BITS;
}

/* J2, J3 */
static void
job_fill(const struct region *r, uint32_t place, uint64_t o, enum job_kind kind,
    struct slice a, struct slice b)
{
	struct shm_job *j = job_at(r, place);

	SHM_STEP("J2");
	j->kind = kind;
	j->a_bytes = (uint32_t)a.n;
	j->b_bytes = (uint32_t)b.n;
	if (a.n != 0)
		memcpy(j->texts, a.p, a.n);
	j->texts[a.n] = '\0';
	if (b.n != 0)
		memcpy(j->texts + a.n + 1, b.p, b.n);
	j->texts[a.n + 1 + b.n] = '\0';
	SHM_STEP("J3");
	atomic_store_explicit(
	    job_word(r, place), job_with(o, JOB_READY), memory_order_release);
}

uint64_t
jobs_ask(const struct region *r, uint32_t w, enum job_kind kind, struct slice a,
    struct slice b)
{
	uint64_t number;

	if (a.n > JOB_BYTES || b.n > JOB_BYTES || a.n + b.n + 2 > JOB_BYTES)
		return JOB_NONE;
	do
		number = (atomic_fetch_add_explicit(
			      &r->vault->jobs.asked, 1, memory_order_relaxed) +
			     1) &
		    JOB_NUMBER_MASK;
	while (number == 0);
	for (uint32_t i = 0; i < JOBS_MAX; i++) {
		uint32_t place = (uint32_t)(number + i) % JOBS_MAX;
		uint64_t o = number << JOB_NUMBER_SHIFT |
		    (uint64_t)w << JOB_WORKER_SHIFT | JOB_FILLING;

		if (job_load(r, place) != 0)
			continue;
		SHM_STEP("J1");
		if (!job_swap(r, place, 0, o))
			continue;
		job_fill(r, place, o, kind, a, b);
		return ticket_make(number, place);
	}
	return JOB_NONE;
}

enum job_result
jobs_look(const struct region *r, uint64_t ticket)
{
	uint32_t place = (uint32_t)(ticket % JOBS_MAX);
	uint64_t o = job_load(r, place);

	if (!ticket_is_of(ticket, o))
		return JOB_FAILED;
	if (job_state(o) != JOB_DONE)
		return JOB_PENDING;
	SHM_STEP("J9");
	(void)job_swap(r, place, o, 0);
	return o >> JOB_RESULT_SHIFT & JOB_RESULT_MASK;
}

/* Nobody is to wait for it. False: it has changed meanwhile. */
static bool
job_forget(const struct region *r, uint32_t place, uint64_t o)
{
	SHM_STEP("forget");
	switch (job_state(o)) {
	case JOB_FREE:
		return true;
	case JOB_READY:
		if (!job_swap(r, place, o, job_with(o, JOB_FILLING)))
			return false;
		job_free(r, place);
		return true;
	case JOB_FILLING: /* by one that died */
		job_free(r, place);
		return true;
	case JOB_TAKEN:
	case JOB_ENDING:
		return job_swap(r, place, o, o | JOB_FORGOTTEN);
	case JOB_DONE:
		return job_swap(r, place, o, 0);
	}
	return true; /* no state at all: damaged, and nobody's */
}

void
jobs_forget(const struct region *r, uint64_t ticket)
{
	uint32_t place = (uint32_t)(ticket % JOBS_MAX);
	uint64_t o;

	do
		o = job_load(r, place);
	while (ticket_is_of(ticket, o) && !job_forget(r, place, o));
}

/* ---- helpers ---- */

/* The word of the oldest that is READY, and its place; 0: there is none. */
static uint64_t
job_oldest(const struct region *r, uint32_t *place)
{
	uint64_t oldest = 0;

	for (uint32_t i = 0; i < JOBS_MAX; i++) {
		uint64_t o = job_load(r, i);

		if (job_state(o) != JOB_READY || (oldest != 0 && o > oldest))
			continue;
		oldest = o;
		*place = i;
	}
	return oldest;
}

/* False: what it says of itself cannot be. */
static bool
job_copy(const struct region *r, struct job *j)
{
	const struct shm_job *from = job_at(r, j->place);
	uint32_t a = from->a_bytes, b = from->b_bytes;

	if (a >= JOB_BYTES || b >= JOB_BYTES || a + b + 2 > JOB_BYTES)
		return false;
	j->kind = from->kind;
	memcpy(j->texts, from->texts, sizeof(j->texts));
	j->a = slice_make(j->texts, a);
	j->b = slice_make(j->texts + a + 1, b);
	return true;
}

bool
jobs_take(const struct region *r, uint32_t h, struct job *j)
{
	uint64_t o;

	MUST(h < HELPERS_MAX);
	while ((o = job_oldest(r, &j->place)) != 0) {
		j->word = job_with_helper(o, h);
		j->worker = job_worker(o);
		SHM_STEP("J4");
		if (!job_swap(r, j->place, o, j->word))
			continue;
		if (job_copy(r, j))
			return true;
		jobs_done(r, j, JOB_FAILED);
	}
	return false;
}

void
jobs_done(const struct region *r, const struct job *j, enum job_result result)
{
	uint64_t o;

	MUST(result != JOB_PENDING);
	do {
		o = job_load(r, j->place);
		MUST((o & ~(uint64_t)JOB_FORGOTTEN) == j->word);
		SHM_STEP("J5");
	} while (!job_swap(r, j->place, o, job_with_result(o, result)));
	job_end(r, j->place);
}

/* ---- recovery ---- */

void
jobs_recover_worker(struct region *r, uint32_t w)
{
	for (uint32_t place = 0; place < JOBS_MAX; place++) {
		uint64_t o;

		do
			o = job_load(r, place);
		while (
		    o != 0 && job_worker(o) == w && !job_forget(r, place, o));
	}
}

/* What helper h had taken. False: it has changed meanwhile. */
static bool
job_hand_back(const struct region *r, uint32_t place, uint64_t o)
{
	bool last =
	    (o >> JOB_DEATHS_SHIFT & JOB_DEATHS_MASK) + 1 >= JOB_DEATHS_MAX;

	SHM_STEP("hand_back");
	if (job_state(o) == JOB_ENDING) {
		job_end(r, place);
		return true;
	}
	if ((o & JOB_FORGOTTEN) == 0 && !last)
		return job_swap(r, place, o,
		    job_with(o, JOB_READY) + (1u << JOB_DEATHS_SHIFT));
	if (!job_swap(r, place, o, job_with_result(o, JOB_FAILED)))
		return false;
	job_end(r, place);
	return true;
}

void
jobs_recover_helper(struct region *r, uint32_t h)
{
	for (uint32_t place = 0; place < JOBS_MAX; place++) {
		uint64_t o;

		do
			o = job_load(r, place);
		while (job_is_helpers(o, h) && !job_hand_back(r, place, o));
	}
}

uint32_t
jobs_count(const struct region *r)
{
	uint32_t n = 0;

	for (uint32_t place = 0; place < JOBS_MAX; place++)
		n += job_load(r, place) != 0;
	return n;
}
