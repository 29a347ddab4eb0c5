/*
 * registry_map.c - makes the master's indexes from the region.
 */
#include "shm/registry_map.h"

#include <stdlib.h>

#include "common/base/must.h"

uint32_t
name_index_next(const struct name_index *x, uint64_t hash, uint32_t *at)
{
	if (x->room == 0)
		return REGISTRY_NONE;
	uint32_t place = x->places[((uint32_t)hash + *at) & (x->room - 1)];
	++*at;
	return place - 1; /* 0, empty, gives REGISTRY_NONE */
}

static void
name_index_put(struct name_index *x, uint32_t row, uint64_t hash)
{
	uint32_t i = (uint32_t)hash & (x->room - 1);

	while (x->places[i] != 0)
		i = (i + 1) & (x->room - 1);
	x->places[i] = row + 1;
	x->count++;
}

void
name_index_add(struct name_index *x, uint32_t row, uint64_t hash,
    uint64_t (*hash_of)(const struct region *r, uint32_t row),
    const struct region *r)
{
	if (x->count >= x->room / 2) {
		struct name_index old = *x;

		x->room = old.room == 0 ? 64 : old.room * 2;
		x->count = 0;
		x->places = calloc(x->room, sizeof(*x->places));
		MUST(x->places != NULL);
		for (uint32_t i = 0; i < old.room; i++) {
			uint32_t known = old.places[i];

			if (known != 0)
				name_index_put(
				    x, known - 1, hash_of(r, known - 1));
		}
		free(old.places);
	}
	name_index_put(x, row, hash);
}

static void
endpoints_index(struct registry_map *m, const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.endpoints);

	MUST(n <= ENDPOINTS_MAX);
	for (uint32_t i = n; i-- > 0;) {
		struct shm_endpoint *e = &r->state->endpoints[i];
		struct endpoint_key key = { atomic_load(&e->service), e->addr };
		uint32_t state = atomic_load(&e->state);

		if (state == ENDPOINT_FREE) {
			registry_free_add(r, m, i);
			continue;
		}
		bool added;
		map_put(&m->endpoints,
		    slice_make((const char *)&key, sizeof(key)), &added)
		    ->value.num = i;
		m->retired_endpoints += state == ENDPOINT_RETIRED;
	}
}

static void
sets_count(struct registry_map *m, const struct region *r)
{
	uint32_t n = atomic_load(&r->state->control.extents);

	for (uint32_t i = 0; i < n; i++) {
		struct shm_extent *e = &r->state->extents[i];

		if ((atomic_load(&e->owner) & EXTENT_SET) != 0 &&
		    atomic_load(&e->retire) != 0)
			m->retired_sets++;
	}
}

struct registry_map *
registry_map(struct region *r)
{
	struct registry_map *m = r->registry_map;
	struct shm_control *c = &r->state->control;

	if (m != NULL)
		return m;
	m = calloc(1, sizeof(*m));
	MUST(m != NULL);
	map_init(&m->endpoints);
	map_init(&m->freed);
	m->free = calloc(ENDPOINTS_MAX, sizeof(*m->free));
	m->free_at = calloc(ENDPOINTS_MAX, sizeof(*m->free_at));
	m->seen = calloc(ENDPOINTS_MAX, sizeof(*m->seen));
	MUST(m->free != NULL && m->free_at != NULL && m->seen != NULL);
	for (uint32_t i = 0; i < atomic_load(&c->services); i++)
		name_index_add(&m->services, i, registry_service_hash(r, i),
		    registry_service_hash, r);
	for (uint32_t i = 1; i < atomic_load(&c->routes); i++)
		name_index_add(&m->routes, i, registry_route_hash(r, i),
		    registry_route_hash, r);
	endpoints_index(m, r);
	sets_count(m, r);
	r->registry_map = m;
	return m;
}

void
registry_map_drop(struct region *r)
{
	struct registry_map *m = r->registry_map;

	if (m == NULL)
		return;
	map_fini(&m->endpoints);
	map_fini(&m->freed);
	free(m->services.places);
	free(m->routes.places);
	free(m->free);
	free(m->free_at);
	free(m->seen);
	free(m);
	r->registry_map = NULL;
}
