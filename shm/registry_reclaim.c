/*
 * registry_reclaim.c - retires, reclaims and recovers sets and endpoints.
 *
 *	 S6 once all workers have passed the stamp, the old set is given back;
 *	    an endpoint is freed (tag + 1) when its rows are zero, too
 *
 * Everything but service.set and the addresses can be derived: a successor of a
 * master that was killed retires, with a fresh stamp, every set that no service
 * names and every endpoint that no current set names.
 */
#include "common/base/must.h"
#include "shm/epoch.h"
#include "shm/extent.h"
#include "shm/registry_map.h"
#include "shm/step.h"

void
registry_endpoint_unindex(
    struct registry_map *m, uint32_t service, const struct addr *a)
{
	struct endpoint_key key = { service, *a };
	map_remove(&m->endpoints, slice_make((const char *)&key, sizeof(key)));
}

void
registry_endpoint_retire(
    struct region *r, struct registry_map *m, uint32_t i, uint64_t stamp)
{
	struct shm_endpoint *e = &r->state->endpoints[i];

	SHM_STEP("S5_endpoint");
	m->retired_endpoints += atomic_load(&e->state) == ENDPOINT_LIVE;
	atomic_store(&e->retire, stamp);
	atomic_store(&e->state, ENDPOINT_RETIRED);
}

void
registry_set_retire(
    struct region *r, struct registry_map *m, uint32_t entry, uint64_t stamp)
{
	SHM_STEP("S5_set");
	atomic_store(&r->state->extents[entry].retire, stamp);
	m->retired_sets++;
}

/* ---- reclaim ---- */

static void
endpoint_free(struct region *r, struct registry_map *m, uint32_t i)
{
	struct shm_endpoint *e = &r->state->endpoints[i];
	uint32_t tag = atomic_load(&e->tag) + 1;

	SHM_STEP("S6_tag");
	atomic_store(&e->tag, tag != 0 ? tag : 1);
	SHM_STEP("S6_free");
	atomic_store(&e->state, ENDPOINT_FREE);
	registry_endpoint_unindex(m, atomic_load(&e->service), &e->addr);
	registry_free_add(r, m, i);
	m->retired_endpoints--;
}

static void
endpoints_reclaim(struct region *r, struct registry_map *m, uint64_t horizon)
{
	uint32_t n = atomic_load(&r->state->control.endpoints);

	for (uint32_t i = 0; i < n && m->retired_endpoints != 0; i++) {
		struct shm_endpoint *e = &r->state->endpoints[i];

		if (atomic_load(&e->state) == ENDPOINT_RETIRED &&
		    atomic_load(&e->retire) <= horizon &&
		    !registry_endpoint_used(r, i))
			endpoint_free(r, m, i);
	}
}

static void
sets_reclaim(struct region *r, struct registry_map *m, uint64_t horizon)
{
	uint32_t n = atomic_load(&r->state->control.extents);

	for (uint32_t i = 0; i < n && m->retired_sets != 0; i++) {
		struct shm_extent *e = &r->state->extents[i];
		uint64_t retire = atomic_load(&e->retire);

		if ((atomic_load(&e->owner) & EXTENT_SET) == 0 || retire == 0 ||
		    retire > horizon)
			continue;
		extent_give_entry(r, i);
		m->retired_sets--;
	}
}

void
registry_reclaim(struct region *r)
{
	struct registry_map *m = registry_map(r);

	if (m->retired_sets == 0 && m->retired_endpoints == 0)
		return;
	uint64_t horizon = epoch_horizon(r); /* before any row is read */
	sets_reclaim(r, m, horizon);
	endpoints_reclaim(r, m, horizon);
}

/* ---- recovery ---- */

/* Sets that no service names are retired; members of the others are seen. */
static void
sets_recover(struct region *r, struct registry_map *m, uint64_t stamp)
{
	uint32_t n = atomic_load(&r->state->control.extents);

	m->round++;
	m->retired_sets = 0;
	for (uint32_t i = 0; i < n && i < EXTENTS_MAX; i++) {
		struct shm_extent *e = &r->state->extents[i];
		uint32_t owner = atomic_load(&e->owner);
		uint64_t at = atomic_load(&e->offset);
		uint32_t service = owner & EXTENT_WHICH;

		if ((owner & EXTENT_SET) == 0)
			continue;
		const struct eset *s = service < SERVICES_MAX &&
			atomic_load(&r->state->services[service].set) == at
		    ? registry_set_at(r, at)
		    : NULL;
		if (s == NULL) {
			registry_set_retire(r, m, i, stamp);
			continue;
		}
		for (uint32_t k = 0; k < s->count; k++)
			if (s->members[k].handle.index < ENDPOINTS_MAX)
				m->seen[s->members[k].handle.index].round =
				    m->round;
	}
}

void
registry_recover_master(struct region *r)
{
	registry_map_drop(r);
	struct registry_map *m = registry_map(r);
	uint64_t stamp = epoch_stamp(r);
	uint32_t n = atomic_load(&r->state->control.endpoints);

	sets_recover(r, m, stamp);
	for (uint32_t i = 0; i < n && i < ENDPOINTS_MAX; i++)
		if (atomic_load(&r->state->endpoints[i].state) !=
			ENDPOINT_FREE &&
		    m->seen[i].round != m->round)
			registry_endpoint_retire(r, m, i, stamp);
}
