/*
 * opool.c - see opool.h. The table is one list head per endpoint slot, in
 * memory that is touched only where endpoints are used.
 */
#include "worker/origin/opool.h"

#include <sys/mman.h>

#include "common/base/must.h"

#define OPOOL_TABLE_BYTES (ENDPOINTS_MAX * sizeof(struct list))
#define OPOOL_COUNT_BYTES (ENDPOINTS_MAX * sizeof(uint32_t))
/* Who wants a permit says so again within this time, until he has one. */
#define OPOOL_WANTED_US 5000u

static void *
opool_map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

bool
opool_init(struct opool *p, struct env *e)
{
	*p = (struct opool){ .env = e };
	pool_init(&p->origins, "origins", sizeof(struct origin), 0);
	p->idle = opool_map(OPOOL_TABLE_BYTES);
	p->counts = opool_map(OPOOL_COUNT_BYTES);
	return p->idle != NULL && p->counts != NULL;
}

void
opool_fini(struct opool *p)
{
	pool_fini(&p->origins);
	munmap(p->idle, OPOOL_TABLE_BYTES);
	munmap(p->counts, OPOOL_COUNT_BYTES);
}

/* The list of an endpoint, made on first use. */
static struct list *
opool_list(struct opool *p, uint32_t index)
{
	struct list *l = &p->idle[index];

	MUST(index < ENDPOINTS_MAX);
	if (l->next == NULL)
		list_init(l);
	return l;
}

struct origin *
opool_take(struct opool *p, struct endpoint_handle h)
{
	struct list *l = opool_list(p, h.index);

	while (!list_empty(l)) {
		struct origin *o =
		    CONTAINER_OF(l->next, struct origin, pool_link);

		if (o->handle.tag != h.tag) {
			origin_close(o);
			continue;
		}
		opool_remove(p, o);
		return o;
	}
	return NULL;
}

static bool
opool_wanted(const struct opool *p, uint32_t index)
{
	uint64_t wanted_us = permit_wanted_us(p->env->region, index);

	return wanted_us != 0 &&
	    mono_diff_us(clock_now(), (struct mono){ wanted_us }) <
	    OPOOL_WANTED_US;
}

bool
opool_put(struct opool *p, struct origin *o, uint32_t max_idle)
{
	uint32_t index = o->handle.index;

	/* Without a bound nobody lacks a permit: no need to ask. */
	if (p->counts[index] >= max_idle ||
	    (o->bounded && opool_wanted(p, index)) ||
	    !registry_endpoint_live(p->env->region, o->handle))
		return false;
	list_push_front(opool_list(p, index), &o->pool_link);
	p->counts[index]++;
	p->total++;
	registry_pooled_add(p->env->region, p->env->slot, index, 1);
	return true;
}

void
opool_remove(struct opool *p, struct origin *o)
{
	list_remove(&o->pool_link);
	p->counts[o->handle.index]--;
	p->total--;
	registry_pooled_add(p->env->region, p->env->slot, o->handle.index, -1);
}

/* Of one endpoint, which has some. */
static void
opool_close_idle(struct opool *p, uint32_t index, bool all)
{
	struct list *l = opool_list(p, index);
	struct origin *o;

	while (!list_empty(l)) {
		o = CONTAINER_OF(l->next, struct origin, pool_link);
		if (!all && registry_endpoint_live(p->env->region, o->handle))
			break;
		origin_close(o);
	}
	/* Also one from before there was a bound. */
	if (!list_empty(l) && opool_wanted(p, index))
		origin_close(CONTAINER_OF(l->prev, struct origin, pool_link));
}

static void
opool_close_some(struct opool *p, bool all)
{
	uint32_t left = p->total;

	for (uint32_t i = 0; i < ENDPOINTS_MAX && left != 0; i++) {
		if (p->counts[i] == 0)
			continue;
		left -= p->counts[i];
		opool_close_idle(p, i, all);
	}
}

void
opool_sweep(struct opool *p)
{
	opool_close_some(p, false);
}

void
opool_close_all(struct opool *p)
{
	opool_close_some(p, true);
}
