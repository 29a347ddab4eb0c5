/*
 * breaker_history.h - the last transitions of each breaker, and the failures
 * that led to them.
 *
 * A transition has the number of the epoch that it begins. Its entry is there
 * before the next one can happen: whoever is about to make that one looks, and
 * so does breaker_recover. If who made it has not written it (or was killed
 * before), they note what the word tells of it, with the cause `unknown`; he
 * may still write it after that, and is believed then.
 */
#ifndef SHM_BREAKER_HISTORY_H
#define SHM_BREAKER_HISTORY_H

#include <stdint.h>

#include "shm/breaker.h"
#include "shm/breaker_window.h"

/* A call that failed, or was slow, and when. */
struct breaker_failure {
	uint64_t
	    before_ms; /* the transition, or the call of breaker_failures */
	enum change_cause cause;
	uint32_t detail; /* cut to 20 bits */
};

struct breaker_turn {
	uint64_t number;
	int64_t wall_us; /* of a lost one: when that was found */
	enum breaker_state from, to;
	enum change_cause cause; /* CAUSE_UNKNOWN: lost, and so is the rest */
	uint32_t detail;
	struct breaker_sums window; /* 0 where no rates are in use */
	uint32_t fails;             /* in a row, with the last one */
	uint32_t failure_count;
	struct breaker_failure
	    failures[BREAKER_FAILURES_KEPT]; /* newest last */
};

/* Writes the entry of a transition that the caller has made, at now_us;
 * `epoch` is the one that it has ended. The failures are those of that epoch.
 */
void breaker_history_add(const struct region *r, uint32_t breaker,
    const struct breaker_turn *turn, uint32_t epoch, uint64_t now_us);

/* Sees to it that transition `number` has an entry. */
void breaker_history_keep(const struct region *r, uint32_t breaker,
    uint64_t number, enum breaker_state from, enum breaker_state to);

/* A failure in this epoch. */
void breaker_history_failed(const struct region *r, uint32_t breaker,
    uint32_t epoch, enum change_cause cause, uint32_t detail, uint64_t now_us);

/*
 * The newest up to `max` transitions of the breaker's present owner with
 * number >= from, oldest first.
 */
uint32_t breaker_history_read(const struct region *r, uint32_t breaker,
    uint64_t from, struct breaker_turn *out, uint32_t max);

/* The last failures of the present epoch, newest last; how many. */
uint32_t breaker_failures(const struct region *r, uint32_t breaker,
    uint64_t now_us, struct breaker_failure out[BREAKER_FAILURES_KEPT]);

#endif
