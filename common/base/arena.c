/*
 * arena.c - the slow paths of the arena: chunks, formatting, deferred ends.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/arena.h"
#include "common/base/must.h"

#if SANITIZED_ADDRESS
#include <sanitizer/lsan_interface.h>
#endif

#define CHUNK_MIN 4096
#define CHUNK_MAX 65536

#if SANITIZED_ADDRESS
/* In front of what is given out, and hidden. */
struct arena_alone {
	struct arena_alone *next;
	void *unused; /* what follows is aligned as by malloc */
};

void *
arena_give(struct arena *a, void *room, size_t n)
{
	struct arena_alone *alone = malloc(sizeof(*alone) + n);

	(void)room;
	MUST(alone != NULL);
	alone->next = a->alone;
	a->alone = alone;
	/* An arena that stays within its first block need not be ended. */
	__lsan_ignore_object(alone);
	SANITIZED_HIDE(alone, sizeof(*alone));
	return alone + 1;
}

static void
arena_end_alone(struct arena *a)
{
	struct arena_alone *alone;

	while ((alone = a->alone) != NULL) {
		SANITIZED_SHOW(alone, sizeof(*alone));
		a->alone = alone->next;
		free(alone);
	}
}
#else
static void
arena_end_alone(struct arena *a)
{
	(void)a;
}
#endif

void
arena_init(struct arena *a, void *first, size_t first_size, size_t limit)
{
	size_t skew = -(uintptr_t)first & 7;

	*a = (struct arena){ .limit = limit };
	if (first != NULL && first_size > skew) {
		a->at = (char *)first + skew;
		a->end = (char *)first + first_size;
	}
}

void
arena_fini(struct arena *a)
{
	struct arena_chunk *chunk;

	/* The entries live in the chunks; a function may defer another. */
	while (a->defers != NULL) {
		struct arena_defer *d = a->defers;

		a->defers = d->next;
		d->fn(d->arg);
	}
	arena_end_alone(a);
	while ((chunk = a->chunks) != NULL) {
		a->chunks = chunk->next;
		free(chunk);
	}
	*a = (struct arena){ 0 };
}

static void *
arena_fail(struct arena *a)
{
	a->failed = true;
	a->at = NULL;
	a->end = NULL;
	return NULL;
}

/* The bytes of the next chunk: doubling, but never more than the limit. */
static size_t
chunk_size(const struct arena *a, size_t least)
{
	size_t size = a->chunks != NULL ? a->chunks->size * 2 : CHUNK_MIN;

	if (size > CHUNK_MAX)
		size = CHUNK_MAX;
	if (size < least)
		size = least;
	if (size > a->limit - a->used)
		size = a->limit - a->used;
	return size;
}

void *
arena_grow(struct arena *a, size_t n)
{
	size_t need = n == 0 ? 8 : (n + 7) & ~(size_t)7;
	struct arena_chunk *chunk;
	size_t size, left;
	char *p;

	left = a->limit - a->used;
	if (a->failed || left < sizeof(*chunk) || need < n ||
	    need > left - sizeof(*chunk))
		return arena_fail(a);
	size = chunk_size(a, need + sizeof(*chunk));
	chunk = malloc(size);
	if (chunk == NULL)
		return arena_fail(a);
	chunk->next = a->chunks;
	chunk->size = size;
	a->chunks = chunk;
	a->used += size;
	p = (char *)(chunk + 1);
	a->at = p + need;
	a->end = (char *)chunk + size;
	return arena_give(a, p, n);
}

void *
arena_zalloc(struct arena *a, size_t n)
{
	void *p = arena_alloc(a, n);

	if (p != NULL)
		memset(p, 0, n);
	return p;
}

struct slice
arena_copy(struct arena *a, struct slice s)
{
	char *p;

	if (s.n == 0)
		return SLICE_NONE;
	p = arena_alloc(a, s.n);
	if (p == NULL)
		return SLICE_NONE;
	memcpy(p, s.p, s.n);
	return slice_make(p, s.n);
}

struct slice
arena_printf(struct arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n < 0) {
		arena_fail(a);
		return SLICE_NONE;
	}
	p = arena_alloc(a, (size_t)n + 1);
	if (p == NULL)
		return SLICE_NONE;
	va_start(ap, fmt);
	vsnprintf(p, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return slice_make(p, (size_t)n);
}

bool
arena_defer(struct arena *a, void (*fn)(void *), void *arg)
{
	struct arena_defer *d = arena_alloc(a, sizeof(*d));

	if (d == NULL)
		return false;
	*d = (struct arena_defer){ a->defers, fn, arg };
	a->defers = d;
	return true;
}
