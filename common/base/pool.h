/*
 * pool.h - objects of one size, reused newest first so that they are warm.
 *
 * Slabs are mmapped and aligned to their own size, so that an object finds its
 * slab. Empty slabs wait for pool_trim: giving them back at once would map and
 * fault them in again at the next burst.
 */
#ifndef COMMON_BASE_POOL_H
#define COMMON_BASE_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/list.h"

struct pool {
	struct list partial;   /* slabs with a free object, warmest first */
	size_t slab_bytes;     /* a power of two */
	uint32_t used;         /* objects */
	uint32_t limit;        /* of them; UINT32_MAX: none */
	uint32_t per_slab;     /* likewise */
	uint32_t slabs, empty; /* all; those without an object in use */
	uint32_t peak;         /* most slabs in use since the last trim */
	size_t object_bytes;   /* rounded up to POOL_ALIGN, or half of it */
	struct list full;
	const char *name; /* for status; not owned */
};

/* Each object begins a cache line: what is used together can be kept so. */
#define POOL_ALIGN 64

/*
 * A pool of `object_bytes` each (at least 16), at most `limit` at once (0: no
 * limit). Slabs hold at least 8 objects.
 */
void pool_init(
    struct pool *p, const char *name, size_t object_bytes, uint32_t limit);

/*
 * The same of objects that mostly rest, of which there may be very many: every
 * other one may begin in the middle of a cache line.
 */
void pool_init_dense(
    struct pool *p, const char *name, size_t object_bytes, uint32_t limit);

/* Returns every slab; no object may be in use. */
void pool_fini(struct pool *p);

/* An uninitialised object, or NULL at the limit or without memory. */
void *pool_take(struct pool *p);

/* Gives one back. */
void pool_give(struct pool *p, void *object);

/*
 * Returns empty slabs to the kernel, but for as many as were in use at some
 * time since the last call: to be called about once a second.
 */
void pool_trim(struct pool *p);

#endif
