/*
 * pool.c - slabs of equal objects.
 *
 *   slab (slab_bytes, aligned to slab_bytes)
 *   +------+--------+--------+-- ... --+--------+-------+
 *   | head | object | object |  fresh  | object | waste |
 *   +------+--------+--------+-- ... --+--------+-------+
 *
 * Free objects are threaded through their first word. Objects that were never
 * taken ("fresh") are not threaded, so that their pages stay untouched.
 */
#include <string.h>
#include <sys/mman.h>

#include "common/base/must.h"
#include "common/base/pool.h"
#include "common/base/sanitized.h"

#define SLAB_MIN 65536
#define SLAB_MAX 4194304 /* beyond it only to hold OBJECTS_MIN */
#define OBJECTS_MIN 8
#define WASTE_PART 50 /* at most one part in so many is wasted */

struct slab {
	struct list link; /* in the pool's partial or full */
	struct pool *pool;
	void *free; /* newest first */
	uint32_t used;
	uint32_t fresh; /* objects from here on were never taken */
};

#define SLAB_HEAD POOL_ALIGN

_Static_assert(sizeof(struct slab) <= SLAB_HEAD, "its head is in front");

static void
pool_make(struct pool *p, const char *name, size_t object_bytes, uint32_t limit,
    size_t align)
{
	size_t bytes = (object_bytes + align - 1) & ~(align - 1);
	size_t slab = SLAB_MIN;
	size_t count;

	MUST(object_bytes >= 16 && object_bytes <= 64u << 20);
	for (;; slab *= 2) {
		count = (slab - SLAB_HEAD) / bytes;
		if (count < OBJECTS_MIN)
			continue;
		if (slab >= SLAB_MAX ||
		    slab - count * bytes <= slab / WASTE_PART)
			break;
	}
	*p = (struct pool){
		.name = name,
		.object_bytes = bytes,
		.slab_bytes = slab,
		.per_slab = (uint32_t)count,
		.limit = limit != 0 ? limit : UINT32_MAX,
	};
	list_init(&p->partial);
	list_init(&p->full);
}

void
pool_init(struct pool *p, const char *name, size_t object_bytes, uint32_t limit)
{
	pool_make(p, name, object_bytes, limit, POOL_ALIGN);
}

void
pool_init_dense(
    struct pool *p, const char *name, size_t object_bytes, uint32_t limit)
{
	pool_make(p, name, object_bytes, limit, POOL_ALIGN / 2);
}

/* Maps n bytes aligned to n, a power of two; NULL without memory. */
static void *
map_aligned(size_t n)
{
	const int prot = PROT_READ | PROT_WRITE;
	const int flags = MAP_PRIVATE | MAP_ANONYMOUS;
	size_t before, after;
	char *p;

	/* Neighbours of an aligned map are aligned: mostly this is enough. */
	p = mmap(NULL, n, prot, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	if (((uintptr_t)p & (n - 1)) == 0)
		return p;
	munmap(p, n);
	p = mmap(NULL, 2 * n, prot, flags, -1, 0);
	if (p == MAP_FAILED)
		return NULL;
	before = -(uintptr_t)p & (n - 1);
	after = n - before;
	if (before != 0)
		munmap(p, before);
	if (after != 0)
		munmap(p + before + n, after);
	return p + before;
}

static __attribute__((noinline)) bool
slab_new(struct pool *p)
{
	struct slab *s = map_aligned(p->slab_bytes);

	if (s == NULL)
		return false;
	s->pool = p;
	p->slabs++;
	p->empty++;
	list_push_front(&p->partial, &s->link);
	SANITIZED_HIDE((char *)s + SLAB_HEAD, p->slab_bytes - SLAB_HEAD);
	return true;
}

static void
slab_free(struct pool *p, struct slab *s)
{
	list_remove(&s->link);
	p->slabs--;
	p->empty--;
	SANITIZED_SHOW((char *)s, p->slab_bytes);
	munmap(s, p->slab_bytes);
}

void
pool_fini(struct pool *p)
{
	MUST(p->used == 0);
	while (!list_empty(&p->partial))
		slab_free(p, CONTAINER_OF(p->partial.next, struct slab, link));
}

/* An empty slab gets its first object. */
static inline void
slab_begin(struct pool *p)
{
	p->empty--;
	if (p->peak < p->slabs - p->empty)
		p->peak = p->slabs - p->empty;
}

/* An object of s is taken. */
static inline void *
slab_took(struct pool *p, struct slab *s, void *object)
{
	SANITIZED_SHOW(object, p->object_bytes);
	p->used++;
	if (s->used == 0)
		slab_begin(p);
	if (++s->used == p->per_slab) {
		list_remove(&s->link);
		list_push_front(&p->full, &s->link);
	}
	return object;
}

/* One that was never taken. */
static __attribute__((noinline)) void *
pool_take_fresh(struct pool *p)
{
	struct slab *s;

	if (list_empty(&p->partial) && !slab_new(p))
		return NULL;
	s = CONTAINER_OF(p->partial.next, struct slab, link);
	return slab_took(
	    p, s, (char *)s + SLAB_HEAD + s->fresh++ * p->object_bytes);
}

void *
pool_take(struct pool *p)
{
	struct slab *s = CONTAINER_OF(p->partial.next, struct slab, link);
	void *object;

	if (p->used >= p->limit)
		return NULL;
	if (list_empty(&p->partial) || s->free == NULL)
		return pool_take_fresh(p);
	object = s->free;
	SANITIZED_SHOW(object, sizeof(void *));
	memcpy(&s->free, object, sizeof(void *));
	return slab_took(p, s, object);
}

void
pool_give(struct pool *p, void *object)
{
	uintptr_t in = (uintptr_t)object & (p->slab_bytes - 1);
	struct slab *s = (struct slab *)(void *)((char *)object - in);

	MUST(s->pool == p && s->used != 0);
	memcpy(object, &s->free, sizeof(void *));
	s->free = object;
	SANITIZED_HIDE(object, p->object_bytes);
	p->used--;
	if (s->used-- == p->per_slab) {
		list_remove(&s->link);
		list_push_front(&p->partial, &s->link);
	}
	if (s->used == 0)
		p->empty++;
}

void
pool_trim(struct pool *p)
{
	uint32_t keep = p->peak - (p->slabs - p->empty);
	struct list *at = p->partial.prev;

	while (p->empty > keep && at != &p->partial) {
		struct slab *s = CONTAINER_OF(at, struct slab, link);

		at = at->prev;
		if (s->used == 0)
			slab_free(p, s);
	}
	p->peak = p->slabs - p->empty;
}
