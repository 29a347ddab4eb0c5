/*
 * pool.h - objects of one size, reused newest first so that they are warm.
 *
 * Slabs are mmapped and aligned to their own size, so that an object finds its
 * slab; an empty slab goes back to the kernel when enough others are free.
 */
#ifndef COMMON_BASE_POOL_H
#define COMMON_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"

struct pool {
	const char *name;    /* for status; not owned */
	size_t object_bytes; /* rounded up to 16 */
	size_t slab_bytes;   /* a power of two */
	uint32_t per_slab;
	uint32_t limit; /* objects; 0 = none */
	uint32_t used, free;
	struct list partial; /* slabs with a free object, warmest first */
	struct list full;
};

/*
 * A pool of `object_bytes` each (at least 16), at most `limit` at once (0: no
 * limit). Slabs hold at least 8 objects.
 */
void pool_init(
    struct pool *p, const char *name, size_t object_bytes, uint32_t limit);

/* Returns every slab; no object may be in use. */
void pool_fini(struct pool *p);

/* An uninitialised object, or NULL at the limit or without memory. */
void *pool_take(struct pool *p);

/* Gives one back. */
void pool_give(struct pool *p, void *object);

#endif
