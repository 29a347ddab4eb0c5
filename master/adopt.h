/*
 * adopt.h - nobody waits in the accept queue of a worker that does not accept:
 * a slot that is down for longer than ADOPT_DOWN_US, or whose heartbeat is
 * stale, is adopted by the live worker that has adopted least. It accepts from
 * the slot's sockets, in copies, until the slot's own worker is there again.
 *
 * Also tells workers of listeners that leave and that they do not know: those
 * of a slot that they adopt, and their own if they were forked meanwhile.
 */
#ifndef MASTER_ADOPT_H
#define MASTER_ADOPT_H

#include <stdint.h>

#include "master/crew.h"
#include "master/listening.h"

#define ADOPT_DOWN_US 50000

struct adopt_slot {
	uint64_t down_us;   /* since when; 0: its worker is up */
	uint64_t forked_us; /* of the worker that was told what leaves */
	int adopter;        /* the worker that accepts for it; -1: none */
};

struct adopt {
	struct crew *crew;
	const struct listening *listening;
	struct adopt_slot slots[WORKERS_MAX];
};

void
adopt_init(struct adopt *a, struct crew *c, const struct listening *listening);

/*
 * Adopts and releases as the crew's state asks for. Returns when to be called
 * again, or never; crew_check_beats brings what is stale.
 */
uint64_t adopt_tick(struct adopt *a, uint64_t now_us);

/* A listener was added: adopters accept from it too. */
void adopt_listener(struct adopt *a, const struct inherit_listener *l);

#endif
