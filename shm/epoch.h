/*
 * epoch.h - protocol A: publish, pin, reclaim of configuration images.
 *
 * A worker announces an epoch at each turn; whatever is published is readable
 * until it announces IDLE. The image may also be pinned across turns. The
 * steps are named as in tests/model/publish.pml.
 */
#ifndef SHM_EPOCH_H
#define SHM_EPOCH_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/* What a worker sees in one turn. */
struct epoch_view {
	const struct img_head *image; /* NULL: nothing published yet */
	const char *secrets;          /* that belong to it */
	uint32_t slot;                /* of the image: 0..IMAGES_MAX-1 */
	uint64_t generation;
};

/* Worker w begins a turn: announces the epoch, then loads what is current. */
void epoch_enter(const struct region *r, uint32_t w, struct epoch_view *v);

/* Worker w is about to wait: it holds nothing but its pins. */
void epoch_leave(const struct region *r, uint32_t w);

/*
 * Pins the image of this turn's view, or one that this worker pins already, for
 * use in later turns; any number of times. Only between epoch_enter and
 * epoch_leave.
 */
void epoch_pin(const struct region *r, uint32_t w, uint32_t slot);
void epoch_unpin(const struct region *r, uint32_t w, uint32_t slot);

/* A pinned image by its slot, and its secrets. */
const struct img_head *epoch_image(const struct region *r, uint32_t slot);
const char *epoch_secrets(const struct region *r, uint32_t slot);

/*
 * Requests on generations below this one must end (generation_expired); 0:
 * none. Set by the master when more than GENERATIONS_MAX retired images stay
 * pinned.
 */
uint64_t epoch_expire_below(const struct region *r);

/* ---- master only ---- */

/*
 * Reserves an image slot and `bytes` of fallocated space, with as many in the
 * secrets as `secret_bytes` says. Returns the slot, or -1 (no slot, no space:
 * errno) with nothing changed. epoch_reclaim first.
 */
int epoch_build(struct region *r, uint64_t bytes, uint64_t secret_bytes);

/* Where to write it; valid between epoch_build and publish or abandon. */
char *epoch_build_at(struct region *r, int slot);
char *epoch_build_secrets_at(struct region *r, int slot);

/* Gives a slot that was never published back. */
void epoch_abandon(struct region *r, int slot);

/* READY, then published; the old one is retired. Returns the generation. */
uint64_t epoch_publish(struct region *r, int slot);

/*
 * Frees every retired image that no worker can see; sets the expiry mark when
 * more than GENERATIONS_MAX stay. Returns how many retired ones are left.
 */
uint32_t epoch_reclaim(struct region *r);

/*
 * After a master died: BUILDING goes back to FREE, READY or RETIRED that is
 * not published is retired with a fresh epoch. Runs before anything else of
 * the successor; may be killed and run again.
 */
void epoch_recover_master(struct region *r);

/* After worker w was reaped: its epoch is IDLE, its pins are zero. */
void epoch_recover_worker(struct region *r, uint32_t w);

/*
 * The smallest epoch that any worker has announced: what was retired with a
 * stamp up to it is seen by nobody, unless it is pinned. Read BEFORE the pins
 * or rows that decide the rest.
 */
uint64_t epoch_horizon(const struct region *r);

/* A retire stamp for what was unpublished before this call (M5). */
uint64_t epoch_stamp(struct region *r);

/*
 * The digest of the current image, as the loader wrote it. False: nothing is
 * published. It changes with the publication itself, so that a successor
 * master knows what runs.
 */
bool epoch_digest(const struct region *r, uint8_t digest[32]);

/* For `penstockctl generations`: slot i's state, false if FREE. */
struct epoch_info {
	uint64_t generation, bytes;
	uint32_t state; /* enum image_state */
	uint32_t pins;  /* summed over workers */
	uint64_t published_us;
};
bool epoch_info(const struct region *r, uint32_t slot, struct epoch_info *i);

#endif
