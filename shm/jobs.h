/*
 * jobs.h - slow work that workers hand to `penstock: helper` processes: bounded
 * places in the vault, each changed by compare-and-swap alone.
 *
 *	 ask            ask        take          done         done      look
 *	FREE -> FILLING(w) -> READY -> TAKEN(h) -> ENDING(h) -> DONE -> FREE
 *
 * A worker that finds no place has an answer to give at once; one that gives up
 * waiting marks its job so, and whoever ends it frees the place. What a dead
 * worker had asked is freed, what a dead helper had taken is READY again, both
 * by the keeper once it has reaped them; a job that two helpers died of has
 * failed. Texts are wiped before a place is DONE or FREE.
 */
#ifndef SHM_JOBS_H
#define SHM_JOBS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"
#include "shm/vault_layout.h"

#define JOB_NONE UINT64_C(0)

enum job_kind {
	JOB_CRYPT, /* texts: password, hash: is it crypt(5) of it? */
};

enum job_result { JOB_PENDING, JOB_YES, JOB_NO, JOB_FAILED };

/* ---- workers ---- */

/*
 * Asks: a ticket, or JOB_NONE: all places are taken, or the texts are too long
 * (JOB_BYTES, with a NUL behind each). The caller then wakes a helper
 * (env.wake_helpers); the helper wakes the slot's own wake_fd when it is done.
 */
uint64_t jobs_ask(const struct region *r, uint32_t w, enum job_kind kind,
    struct slice a, struct slice b);

/* How it is; not JOB_PENDING: the place is free again, the ticket is used up.
 */
enum job_result jobs_look(const struct region *r, uint64_t ticket);

/* Nobody waits for it any more. */
void jobs_forget(const struct region *r, uint64_t ticket);

/* ---- helpers ---- */

struct job {
	uint32_t place, worker;
	uint64_t word; /* of the place, while it is taken */
	enum job_kind kind;
	char texts[JOB_BYTES]; /* a copy, to be wiped */
	struct slice a, b;     /* in there; a NUL is behind each */
};

/* The oldest that is READY. False: there is none. */
bool jobs_take(const struct region *r, uint32_t h, struct job *j);
void
jobs_done(const struct region *r, const struct job *j, enum job_result result);

/* ---- keeper, of a process that was reaped ---- */

/* slot_settle does this one. */
void jobs_recover_worker(struct region *r, uint32_t w);

/* Helpers and workers are to be woken afterwards. */
void jobs_recover_helper(struct region *r, uint32_t h);

/* ---- for metrics ---- */

/* Places that are not free. */
uint32_t jobs_count(const struct region *r);

#endif
