/*
 * arena.h - memory that ends all at once: one per request.
 *
 * Bump allocation from chained chunks of a chunk source (worker) or of malloc
 * (loader), up to a limit. Running over the limit is sticky: allocations give
 * NULL from then on and the owner asks arena_failed() once, before it acts.
 */
#ifndef COMMON_BASE_ARENA_H
#define COMMON_BASE_ARENA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/sanitized.h"
#include "common/base/slice.h"

struct arena_chunk {
	struct arena_chunk *next;
	size_t size; /* bytes of the whole chunk, this head included */
};

struct arena_defer {
	struct arena_defer *next;
	void (*fn)(void *arg);
	void *arg;
};

struct arena {
	char *at, *end;             /* free room of the newest chunk */
	struct arena_chunk *chunks; /* malloc'd ones, newest first */
	struct arena_defer *defers;
	size_t used, limit; /* bytes in malloc'd chunks */
	bool failed;
#if SANITIZED_ADDRESS
	struct arena_alone *alone;
#endif
};

/*
 * Starts an arena. `first` of `first_size` bytes (may be NULL, 0) is used
 * before any malloc; the caller owns it. `limit` bounds malloc'd bytes.
 */
void arena_init(struct arena *a, void *first, size_t first_size, size_t limit);

/* Runs the deferred functions, newest first, and frees the chunks. */
void arena_fini(struct arena *a);

/* The slow path of arena_alloc: no room, or n is 0. */
void *arena_grow(struct arena *a, size_t n);

/*
 * What the arena gives out. For a sanitizer it is memory of its own, which ends
 * where the n bytes end, and when the arena does; the room in the arena is
 * accounted for as ever, and stays unused.
 */
#if SANITIZED_ADDRESS
void *arena_give(struct arena *a, void *room, size_t n);
#else
static inline void *
arena_give(struct arena *a, void *room, size_t n)
{
	(void)a;
	(void)n;
	return room;
}
#endif

/* n bytes aligned to 8, uninitialised; NULL once the arena has failed. */
static inline void *
arena_alloc(struct arena *a, size_t n)
{
	size_t need = (n + 7) & ~(size_t)7;

	/* need is 0 when n is, and when it wrapped: both go the slow way. */
	if (__builtin_expect(need - 1 < (size_t)(a->end - a->at), 1)) {
		void *p = a->at;

		a->at += need;
		return arena_give(a, p, n);
	}
	return arena_grow(a, n);
}

void *arena_zalloc(struct arena *a, size_t n);

/* A copy of s in the arena; an empty slice and a failed arena on no room. */
struct slice arena_copy(struct arena *a, struct slice s);

/* Formats into the arena, NUL-terminated; empty on no room. */
struct slice arena_printf(struct arena *a, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * Runs fn(arg) at arena_fini: registered when the resource is taken. False
 * (nothing registered) on no room.
 */
bool arena_defer(struct arena *a, void (*fn)(void *), void *arg);

static inline bool
arena_failed(const struct arena *a)
{
	return a->failed;
}

#endif
