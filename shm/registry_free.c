/*
 * registry_free.c - endpoint slots that serve nobody, found by the name that
 * each still bears.
 */
#include "common/base/must.h"
#include "shm/registry_map.h"

static struct slice
key_slice(const struct endpoint_key *key)
{
	return slice_make((const char *)key, sizeof(*key));
}

static struct endpoint_key
key_of(const struct region *r, uint32_t slot)
{
	const struct shm_endpoint *e = &r->state->endpoints[slot];

	return (struct endpoint_key){ atomic_load(&e->service), e->addr };
}

void
registry_free_add(const struct region *r, struct registry_map *m, uint32_t slot)
{
	struct endpoint_key key = key_of(r, slot);
	bool added;

	MUST(m->free_count < ENDPOINTS_MAX);
	map_put(&m->freed, key_slice(&key), &added)->value.num = slot;
	m->free_at[slot] = m->free_count;
	m->free[m->free_count++] = slot;
}

/* The last one takes its place. */
static void
free_remove(const struct region *r, struct registry_map *m, uint32_t slot)
{
	struct endpoint_key key = key_of(r, slot);
	const struct map_entry *e = map_get(&m->freed, key_slice(&key));
	uint32_t at = m->free_at[slot], last = m->free[--m->free_count];

	/* Of several that never had a name, the map knows one. */
	if (e != NULL && e->value.num == slot)
		map_remove(&m->freed, key_slice(&key));
	m->free[at] = last;
	m->free_at[last] = at;
}

uint32_t
registry_free_take(const struct region *r, struct registry_map *m,
    uint32_t service, const struct addr *addr)
{
	struct endpoint_key key = { service, *addr };
	const struct map_entry *e = map_get(&m->freed, key_slice(&key));
	uint32_t slot;

	if (m->free_count == 0)
		return REGISTRY_NONE;
	slot = e != NULL ? (uint32_t)e->value.num : m->free[m->free_count - 1];
	free_remove(r, m, slot);
	return slot;
}
