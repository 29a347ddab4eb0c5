/*
 * h2_memory.c - the memory of libnghttp2's sessions.
 *
 * A stream comes and goes with some ten small pieces, which have pools; those
 * that are given back wait to be taken again, until the next trim. Each session
 * has a buffer for frames that are to be sent, of more than 16 kB, from
 * its beginning to its end, and uses a few hundred bytes of it, as bodies go
 * another way. From the heap, the rest of it would be pages that something else
 * has dirtied; the pool's were never touched.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/base/pool.h"
#include "common/http/h2_state.h"

/* What it asks for: a frame, its head, and a byte for padding. */
#define FRAME_MIN 16384u
#define FRAME_MAX (FRAME_MIN + 64)

/* So many of each kind wait at most. */
#define KEPT_MOST 1024

/* Stands before what it is given, as a piece comes back without its size. */
struct piece {
	uint32_t kind;      /* of the pool, or PIECE_HEAP */
	uint32_t room;      /* bytes behind this head; 0: PIECE_HEAP */
	struct piece *next; /* while it waits */
};

_Static_assert(sizeof(struct piece) == 16, "as malloc aligns");

enum { PIECE_64, PIECE_128, PIECE_256, PIECE_512, PIECE_FRAME, PIECE_HEAP };

static const uint32_t piece_bytes[] = { 64, 128, 256, 512,
	FRAME_MAX + sizeof(struct piece) };
static struct pool piece_pools[PIECE_HEAP];
/* Pieces that wait: of the small kinds. */
static struct {
	struct piece *first;
	uint32_t count;
} kept[PIECE_FRAME];

static unsigned
piece_kind(size_t n)
{
	/* By what it takes with its head, in pieces of 64 bytes. */
	static const uint8_t kinds[] = { PIECE_64, PIECE_128, PIECE_256,
		PIECE_256, PIECE_512, PIECE_512, PIECE_512, PIECE_512 };

	if (n <= 512 - sizeof(struct piece))
		return kinds[(n + sizeof(struct piece) - 1) / 64];
	return n >= FRAME_MIN && n <= FRAME_MAX ? PIECE_FRAME : PIECE_HEAP;
}

static struct piece *
piece_new(unsigned kind, size_t n)
{
	struct pool *pool = &piece_pools[kind];
	struct piece *p;

	if (kind == PIECE_HEAP) {
		p = n <= SIZE_MAX - sizeof(*p) ? malloc(n + sizeof(*p)) : NULL;
	} else {
		if (pool->object_bytes == 0)
			pool_init(pool, "http/2 library", piece_bytes[kind], 0);
		p = pool_take(pool);
	}
	if (p == NULL)
		return NULL;
	*p = (struct piece){ .kind = kind };
	if (kind != PIECE_HEAP)
		p->room = piece_bytes[kind] - (uint32_t)sizeof(*p);
	return p;
}

static void *
memory_take(size_t n, void *user)
{
	unsigned kind = piece_kind(n);
	struct piece *p;

	(void)user;
	if (kind < PIECE_FRAME && (p = kept[kind].first) != NULL) {
		kept[kind].first = p->next;
		kept[kind].count--;
		return p + 1;
	}
	p = piece_new(kind, n);
	return p != NULL ? p + 1 : NULL;
}

static void
memory_give(void *at, void *user)
{
	struct piece *p = at;

	(void)user;
	if (at == NULL)
		return;
	p--;
	MUST(p->kind <= PIECE_HEAP);
	if (p->kind == PIECE_HEAP) {
		free(p);
	} else if (p->kind == PIECE_FRAME || kept[p->kind].count == KEPT_MOST) {
		pool_give(&piece_pools[p->kind], p);
	} else {
		p->next = kept[p->kind].first;
		kept[p->kind].first = p;
		kept[p->kind].count++;
	}
}

static void *
memory_take_zeroed(size_t count, size_t n, void *user)
{
	size_t bytes;
	void *at;

	if (__builtin_mul_overflow(count, n, &bytes))
		return NULL;
	at = memory_take(bytes, user);
	if (at != NULL)
		memset(at, 0, bytes);
	return at;
}

static void *
memory_resize(void *at, size_t n, void *user)
{
	struct piece *p = at;
	void *to;

	if (at == NULL)
		return memory_take(n, user);
	p--;
	if (n <= p->room)
		return at;
	if (n > SIZE_MAX - sizeof(*p))
		return NULL;
	if (p->kind == PIECE_HEAP) {
		p = realloc(p, n + sizeof(*p));
		return p != NULL ? p + 1 : NULL;
	}
	to = memory_take(n, user);
	if (to == NULL)
		return NULL;
	memcpy(to, at, p->room);
	memory_give(at, user);
	return to;
}

nghttp2_mem
h2_memory(void)
{
	return (nghttp2_mem){ NULL, memory_take, memory_give,
		memory_take_zeroed, memory_resize };
}

void
h2_memory_trim(void)
{
	for (unsigned i = 0; i < PIECE_FRAME; i++) {
		struct piece *p;

		while ((p = kept[i].first) != NULL) {
			kept[i].first = p->next;
			pool_give(&piece_pools[i], p);
		}
		kept[i].count = 0;
	}
	for (unsigned i = 0; i < PIECE_HEAP; i++)
		if (piece_pools[i].object_bytes != 0)
			pool_trim(&piece_pools[i]);
}
