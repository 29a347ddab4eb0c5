/*
 * breaker_word.h - the word of a breaker, and how it goes from one epoch to the
 * next: for the files of breaker.h alone.
 */
#ifndef SHM_BREAKER_WORD_H
#define SHM_BREAKER_WORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/must.h"
#include "shm/breaker_history.h"

#define BREAKER_EPOCH_MASK UINT64_C(0x3fff) /* 14 bits */

static inline struct shm_breaker *
breaker_at(const struct region *r, uint32_t breaker)
{
	MUST(breaker < BREAKERS_MAX);
	return &r->state->breakers[breaker];
}

/* The word, unpacked. */
struct breaker_word {
	enum breaker_state state;
	uint32_t epoch;
	uint32_t fails; /* CLOSED: in a row */
	uint32_t oks;   /* HALF: probes that succeeded; else the state before */
	uint64_t until; /* OPEN: sixteenths of seconds */
};

#define BREAKER_STATE_SHIFT 62
#define BREAKER_EPOCH_SHIFT 48
#define BREAKER_FAILS_SHIFT 36
#define BREAKER_OKS_SHIFT 28
#define BREAKER_UNTIL_MASK ((UINT64_C(1) << BREAKER_OKS_SHIFT) - 1)

/* Here, as every call of every request does both: most look at one field. */
static inline struct breaker_word
breaker_unpack(uint64_t o)
{
	return (struct breaker_word){
		.state = (enum breaker_state)(o >> BREAKER_STATE_SHIFT),
		.epoch =
		    (uint32_t)(o >> BREAKER_EPOCH_SHIFT) & BREAKER_EPOCH_MASK,
		.fails =
		    (uint32_t)(o >> BREAKER_FAILS_SHIFT) & BREAKER_FAILURES_MAX,
		.oks = (uint32_t)(o >> BREAKER_OKS_SHIFT) & BREAKER_PROBES_MAX,
		.until = o & BREAKER_UNTIL_MASK,
	};
}

static inline uint64_t
breaker_load(const struct region *r, uint32_t breaker)
{
	return atomic_load(&breaker_at(r, breaker)->word);
}

/* The state before this one. */
enum breaker_state breaker_from(const struct breaker_word *w);

/* OPEN: how long it is not due yet, or (not above 0) since when it is. */
int64_t breaker_wait_us(const struct breaker_word *w, uint64_t now_us);
/* The `until` of an OPEN that begins now. */
uint64_t breaker_until(uint64_t open_us, uint64_t now_us);

/* Y4: within the epoch. False: another was faster, and *seen is what it left.
 */
bool breaker_count(const struct region *r, uint32_t breaker, uint64_t *seen,
    const struct breaker_word *to);

/*
 * Y1 to Y3: from *seen to another state. 0: another process has changed the
 * word, and *seen is what it is now. Else the number of the transition, which
 * has no entry yet.
 */
uint64_t breaker_turn_over(const struct region *r, uint32_t breaker,
    uint64_t *seen, enum breaker_state to, uint64_t until);

/* The same, with an entry of what is in `turn` but for number and `from`,
 * which are filled in. False: as 0 above. */
bool breaker_change(const struct region *r, uint32_t breaker, uint64_t *seen,
    struct breaker_turn *turn, uint64_t until, uint64_t now_us);

/* Into the audit log of whoever made it. */
void breaker_told(
    const struct region *r, uint32_t breaker, const struct breaker_turn *turn);

/* Y1, Y2: nothing of the present epoch is left to do. */
void breaker_complete(const struct region *r, uint32_t breaker);

#endif
