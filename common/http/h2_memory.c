/*
 * h2_memory.c - the memory of libnghttp2's sessions.
 *
 * Each has a buffer for frames that are to be sent, of more than 16 kB, from
 * its beginning to its end, and uses a few hundred bytes of it, as bodies go
 * another way. From the heap, the rest of it would be pages that something else
 * has dirtied; the pool's were never touched.
 */
#include <stdlib.h>

#include "common/base/pool.h"
#include "common/http/h2_state.h"

/* What it asks for: a frame, its head, and a byte for padding. */
#define FRAME_MIN 16384u
#define FRAME_MAX (FRAME_MIN + 64)

static struct pool h2_frames_pool;

static void *
memory_take(size_t n, void *user)
{
	struct h2 *h = user;

	if (n < FRAME_MIN || n > FRAME_MAX || h->frame != NULL)
		return malloc(n);
	if (h2_frames_pool.object_bytes == 0)
		pool_init(&h2_frames_pool, "http/2 frames", FRAME_MAX, 0);
	h->frame = pool_take(&h2_frames_pool);
	return h->frame;
}

static void
memory_give(void *p, void *user)
{
	struct h2 *h = user;

	if (p == NULL || p != h->frame) {
		free(p);
		return;
	}
	pool_give(&h2_frames_pool, h->frame);
	h->frame = NULL;
}

static void *
memory_take_zeroed(size_t count, size_t n, void *user)
{
	(void)user;
	return calloc(count, n);
}

static void *
memory_resize(void *p, size_t n, void *user)
{
	const struct h2 *h = user;

	if (p == NULL)
		return memory_take(n, user);
	if (p != h->frame)
		return realloc(p, n);
	return n <= FRAME_MAX ? p : NULL;
}

nghttp2_mem
h2_memory(struct h2 *h)
{
	return (nghttp2_mem){ h, memory_take, memory_give, memory_take_zeroed,
		memory_resize };
}

void
h2_memory_trim(void)
{
	if (h2_frames_pool.object_bytes != 0)
		pool_trim(&h2_frames_pool);
}
