/*
 * extent.h - space in the images memfd: allocated by the master only, in
 * 4 KiB pages, first fit over a table in the state memfd, so that a successor
 * master finds it. Freed space is given back to the kernel (punched).
 */
#ifndef SHM_EXTENT_H
#define SHM_EXTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

/*
 * Takes `bytes` (rounded up to pages), fallocated. `owner` is a non-zero word
 * that recovery understands. Returns the byte offset in images, or 0 with
 * errno (offset 0 is never given out).
 */
uint64_t extent_take(struct region *r, uint64_t bytes, uint32_t owner);

/*
 * Allocates the first `bytes` of an image's extent in the secrets, too: what is
 * at its offset there is its owner's, and goes with it. False with errno.
 */
bool extent_take_secrets(struct region *r, uint64_t offset, uint64_t bytes);

/* Punches the pages out and frees the extent. */
void extent_give(struct region *r, uint64_t offset);

/* The same by number in the extent table. */
void extent_give_entry(struct region *r, uint32_t entry);

/* The number of a taken extent in the table; EXTENTS_MAX if there is none. */
uint32_t extent_find(const struct region *r, uint64_t offset);

/* Bytes in use. */
uint64_t extent_used(const struct region *r);

/* Frees every extent for which keep() is false: after a master died. */
void extent_sweep(struct region *r,
    bool (*keep)(void *ctx, uint64_t offset, uint32_t owner), void *ctx);

/* Forgets the master's own index; it is made anew from the table. */
void extent_map_drop(struct region *r);

#endif
