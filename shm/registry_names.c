/*
 * registry_names.c - services and route rows: made by name, never freed, so
 * that counters and state keep their place over reloads.
 *
 * A row is filled first and counted in afterwards: a master killed between
 * leaves nothing behind.
 */
#include <string.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/registry_map.h"
#include "shm/step.h"

#define OVERFLOW_NAME SLICE_LIT("__other__")

static uint64_t
name_hash(const struct region *r, struct slice name)
{
	const struct shm_header *h = &r->state->header;
	struct hash_key key = { h->hash_k0, h->hash_k1 };

	return hash_bytes(key, name.p, name.n);
}

uint64_t
registry_service_hash(const struct region *r, uint32_t service)
{
	MUST(service < SERVICES_MAX);
	return r->state->services[service].hash;
}

uint64_t
registry_route_hash(const struct region *r, uint32_t row)
{
	MUST(row < ROUTES_MAX);
	return r->state->routes[row].hash;
}

static struct slice
service_name(const struct shm_service *s)
{
	uint32_t n = s->name_bytes;
	return slice_make(s->name, n < sizeof(s->name) ? n : sizeof(s->name));
}

struct slice
registry_service_name(const struct region *r, uint32_t service)
{
	uint32_t n = atomic_load_explicit(
	    &r->state->control.services, memory_order_acquire);

	if (service >= n || service >= SERVICES_MAX)
		return SLICE_NONE;
	return service_name(&r->state->services[service]);
}

struct img_name
registry_route_named(const struct region *r, uint32_t row)
{
	const struct shm_state *s = r->state;
	uint32_t n = atomic_load_explicit(
	    &r->state->control.routes, memory_order_acquire);

	if (row >= n || row >= ROUTES_MAX)
		return (struct img_name){ 0, 0 };
	return (struct img_name){ s->routes[row].name_at,
		s->routes[row].name_bytes };
}

struct slice
registry_name(const struct region *r, struct img_name name)
{
	if (name.bytes == 0 || name.at > NAMES_BYTES ||
	    name.bytes > NAMES_BYTES - name.at)
		return SLICE_NONE;
	return slice_make(r->state->names + name.at, name.bytes);
}

struct slice
registry_route_name(const struct region *r, uint32_t row)
{
	return registry_name(r, registry_route_named(r, row));
}

/* A longer name is cut; its hash is that of the whole. */
static bool
service_is(const struct region *r, uint32_t i, struct slice name, uint64_t hash)
{
	const struct shm_service *s = &r->state->services[i];

	if (name.n > SERVICE_NAME_MAX)
		name.n = SERVICE_NAME_MAX;
	return s->hash == hash && slice_eq(service_name(s), name);
}

uint32_t
registry_service(struct region *r, struct slice name)
{
	struct registry_map *m = registry_map(r);
	uint64_t hash = name_hash(r, name);
	uint32_t i, at = 0;

	while ((i = name_index_next(&m->services, hash, &at)) != REGISTRY_NONE)
		if (service_is(r, i, name, hash))
			return i;
	i = atomic_load(&r->state->control.services);
	if (i >= SERVICES_MAX)
		return REGISTRY_NONE;

	struct shm_service *s = &r->state->services[i];
	SHM_STEP("service_fill");
	s->hash = hash;
	s->name_bytes =
	    (uint32_t)(name.n < SERVICE_NAME_MAX ? name.n : SERVICE_NAME_MAX);
	if (name.n != 0)
		memcpy(s->name, name.p, s->name_bytes);
	atomic_store(&s->set, 0);
	SHM_STEP("service_count");
	atomic_store(&r->state->control.services, i + 1);
	name_index_add(&m->services, i, hash, registry_service_hash, r);
	return i;
}

/* False when rows or bytes lack. The names lie in the order of the rows. */
static bool
route_add(struct region *r, uint32_t row, struct slice name, uint64_t hash)
{
	struct shm_state *s = r->state;
	uint32_t at = 0;

	if (row >= ROUTES_MAX)
		return false;
	if (row > 0)
		at = s->routes[row - 1].name_at + s->routes[row - 1].name_bytes;
	if (at > NAMES_BYTES || name.n > NAMES_BYTES - at)
		return false;
	SHM_STEP("route_fill");
	if (name.n != 0)
		memcpy(s->names + at, name.p, name.n);
	s->routes[row] = (struct shm_route){ hash, at, (uint32_t)name.n };
	SHM_STEP("route_count");
	atomic_store(&s->control.routes, row + 1);
	return true;
}

uint32_t
registry_route(struct region *r, struct slice name)
{
	struct registry_map *m = registry_map(r);
	uint64_t hash = name_hash(r, name);
	uint32_t row, at = 0;

	while ((row = name_index_next(&m->routes, hash, &at)) != REGISTRY_NONE)
		if (registry_route_hash(r, row) == hash &&
		    slice_eq(registry_route_name(r, row), name))
			return row;
	row = atomic_load(&r->state->control.routes);
	if (row == 0) {
		route_add(r, 0, OVERFLOW_NAME, 0);
		row = 1;
	}
	if (!route_add(r, row, name, hash))
		return 0;
	name_index_add(&m->routes, row, hash, registry_route_hash, r);
	return row;
}
