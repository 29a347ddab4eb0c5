/*
 * history.h - the last changes of each endpoint's health, and their causes.
 *
 * Written by whoever made a change, once per change. A writer that is killed
 * in between loses its entry and nothing else; the check in an entry's `seq`
 * tells a reader that it is not whole.
 */
#ifndef SHM_HISTORY_H
#define SHM_HISTORY_H

#include <stdint.h>

#include "shm/region.h"

/* The changes that a history keeps, and why they came about: vital.def. */
enum change_event {
#define CHANGE_EVENT(id, word, help) CHANGE_##id,
#include "shm/vital.def"
	CHANGE_EVENT_COUNT
};
enum change_cause {
#define CHANGE_CAUSE(id, word, help) CAUSE_##id,
#include "shm/vital.def"
	CHANGE_CAUSE_COUNT
};
/* "unknown" for a value that another version wrote. */
const char *change_event_name(enum change_event e);
const char *change_cause_name(enum change_cause c);

struct change {
	uint64_t number; /* of the slot's changes, from 0; never used again */
	int64_t wall_us;
	enum change_event event;
	enum change_cause cause;
	uint32_t detail; /* a status, an errno or a count; 0: none */
};

/* Adds a change as of now. Anyone. */
void history_add(const struct region *r, uint32_t index,
    enum change_event event, enum change_cause cause, uint32_t detail);

/* How many changes there have been of this slot: the next one's number. */
uint64_t history_count(const struct region *r, uint32_t index);

/*
 * The newest up to `max` changes of the slot's present endpoint with number >=
 * from, oldest first. One that is being written is not among them yet: who
 * reads on begins behind the last one seen, not at history_count.
 */
uint32_t history_read(const struct region *r, uint32_t index, uint64_t from,
    struct change *out, uint32_t max);

/* Grows with every change of any endpoint, once it can be read. */
uint64_t history_changes(const struct region *r);

/* Master: the slot gets another endpoint; what is older is not shown any more.
 */
void history_reset(struct region *r, uint32_t index);

#endif
