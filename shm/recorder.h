/*
 * recorder.h - rings of records: one per worker, wait-free for its writer,
 * which readers can never hold up; and one per worker and for the master for
 * what must not be lost (audit), whose reader holds the writer up.
 *
 *	reserve >= commit: what is being written lies between them
 *	a reader copies, and then looks whether reserve has lapped it
 *
 * Records do not straddle blocks, so that who was lapped goes on at the next
 * block; their numbers say how many he has lost. A ring outlives its worker:
 * the successor goes on behind the last record that was committed.
 */
#ifndef SHM_RECORDER_H
#define SHM_RECORDER_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/record.h"
#include "shm/region.h"

enum recorder_ring {
	RECORDER_REQUESTS, /* ring of worker w */
	RECORDER_AUDIT,    /* likewise; w = WORKERS_MAX: the master's */
	RECORDER_RINGS
};

/* ---- the writer ---- */

/*
 * Room for a record of up to RECORD_MAX bytes, aligned to 8, which is the
 * writer's until recorder_commit; what was there may be overwritten at once.
 * NULL: the region has no rings (recorder.ring = "0"), or (AUDIT) it is full.
 */
void *
recorder_begin(const struct region *r, enum recorder_ring ring, uint32_t w);

/* The record's head says how long it is; its number is set here. */
void
recorder_commit(const struct region *r, enum recorder_ring ring, uint32_t w);

/* There is room in worker w's audit ring. */
bool recorder_audit_ready(const struct region *r, uint32_t w);

/* ---- readers ---- */

struct recorder_cursor {
	uint64_t at;   /* bytes since the ring's birth */
	uint64_t next; /* number of the next record; 0: whatever comes */
	uint64_t lost; /* records, so far */
};

/* At the oldest record that is left, or (`end`) behind the youngest. */
void recorder_seek(const struct region *r, enum recorder_ring ring, uint32_t w,
    bool end, struct recorder_cursor *c);

/*
 * Copies the next record into `out`, RECORD_MAX bytes aligned to 8; its length,
 * or 0: there is none yet. What was lapped is counted in c->lost.
 */
uint32_t recorder_next(const struct region *r, enum recorder_ring ring,
    uint32_t w, struct recorder_cursor *c, void *out);

/* Bytes that the cursor is behind: to be near the ring's size is to lose. */
uint64_t recorder_behind(const struct region *r, enum recorder_ring ring,
    uint32_t w, const struct recorder_cursor *c);

#endif
