/*
 * registry_sets.c - publishes endpoint sets.
 *
 *	 S1 slots of new endpoints are filled   endpoint state = LIVE
 *	    before: nothing is known of their health; after, of all: `admin`
 *	 S2 the set is written into an extent of its own
 *	 S3 service.set = new
 *	 S4 stamp = ++G                         as M4 of protocol A
 *	 S5 the old set, and endpoints that it named and the new one does not:
 *	    retire = stamp
 *	 S6 is reclaim: registry_reclaim.c
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/clock.h"
#include "common/base/must.h"
#include "shm/breaker.h"
#include "shm/epoch.h"
#include "shm/extent.h"
#include "shm/registry_map.h"
#include "shm/step.h"

_Static_assert(sizeof(struct endpoint_key) == 24, "no padding in the key");
_Static_assert(sizeof(struct eset_member) == 40, "member");

#define SHARE_FIRST (VITAL_SHARE_FULL / 10) /* of a slow start */

/* ---- endpoints ---- */

static struct map_entry *
endpoint_index(
    struct registry_map *m, uint32_t service, const struct addr *a, bool *added)
{
	struct endpoint_key key = { service, *a };
	return map_put(
	    &m->endpoints, slice_make((const char *)&key, sizeof(key)), added);
}

/* A free slot, or one beyond those that were ever used; REGISTRY_NONE: none. */
static uint32_t
endpoint_claim(struct region *r, struct registry_map *m, uint32_t service,
    const struct addr *addr)
{
	uint32_t slot = registry_free_take(r, m, service, addr);
	uint32_t n = atomic_load(&r->state->control.endpoints);

	if (slot != REGISTRY_NONE)
		return slot;
	if (n >= ENDPOINTS_MAX)
		return REGISTRY_NONE;
	SHM_STEP("endpoint_high");
	atomic_store(&r->state->control.endpoints, n + 1);
	return n;
}

/* Into the buffer that is not shown, which is shown afterwards. */
static void
label_set(struct shm_text *t, struct slice label)
{
	uint32_t which = atomic_load(&t->label_which) & 1;
	uint32_t n =
	    (uint32_t)(label.n < ENDPOINT_LABEL_MAX ? label.n
						    : ENDPOINT_LABEL_MAX);

	if (atomic_load(&t->label[which].bytes) == n &&
	    (n == 0 || memcmp(t->label[which].text, label.p, n) == 0))
		return;
	which ^= 1;
	SHM_STEP("label_fill");
	if (n != 0)
		memcpy(t->label[which].text, label.p, n);
	atomic_store(&t->label[which].bytes, n);
	SHM_STEP("label_which");
	atomic_store(&t->label_which, which);
}

/*
 * Slot i is to serve a new endpoint: what was known of the one before is
 * forgotten. Its permit word is left alone: the slot was not freed before the
 * rows were zero, so no connection held a permit.
 */
static void
endpoint_begin(
    struct region *r, uint32_t i, const struct eset_want *want, bool slow)
{
	vital_reset(r, i);
	breaker_clear(r, BREAKER_OF_ENDPOINT(i));
	history_add(r, i, CHANGE_ADDED, want->cause, 0);
	if (!slow)
		return;
	vital_set_ramp(r, i, clock_now().us);
	vital_set_share(r, i, SHARE_FIRST);
}

/* Slot i, free or known, serves `want`. */
static void
endpoint_open(struct region *r, struct registry_map *m, uint32_t i,
    uint32_t service, const struct eset_want *want)
{
	struct shm_endpoint *e = &r->state->endpoints[i];
	struct shm_text *t = &r->state->texts[i];
	uint32_t state = atomic_load(&e->state);

	if (state == ENDPOINT_FREE) {
		SHM_STEP("endpoint_fill");
		e->addr = want->addr;
		atomic_store(&e->service, service);
		atomic_store(
		    &t->addr_bytes, (uint32_t)addr_text(&want->addr, t->addr));
		if (atomic_load(&e->tag) == 0)
			atomic_store(&e->tag, 1);
	}
	label_set(t, want->label);
	if (state == ENDPOINT_LIVE)
		return;
	SHM_STEP("S1");
	atomic_store(&e->state, ENDPOINT_LIVE);
	m->retired_endpoints -= state == ENDPOINT_RETIRED;
}

/* ---- publishing ---- */

/* The new set while it is put together. */
struct draft {
	uint32_t service;
	struct eset_member *members;
	const struct eset_want **wants; /* of each member: the first */
	bool *fresh;                    /* its slot was claimed for it */
	uint32_t count, primaries, near;
};

static void
draft_undo(
    const struct region *r, struct registry_map *m, const struct draft *d)
{
	for (uint32_t i = d->count; i-- > 0;)
		if (d->fresh[i]) {
			registry_endpoint_unindex(
			    m, d->service, &d->members[i].addr);
			registry_free_add(r, m, d->members[i].handle.index);
		}
}

/* Adds one wanted address; false: no slot. */
static bool
draft_add(struct region *r, struct registry_map *m, struct draft *d,
    const struct eset_want *want)
{
	bool added;
	struct map_entry *e =
	    endpoint_index(m, d->service, &want->addr, &added);

	if (added) {
		e->value.num = endpoint_claim(r, m, d->service, &want->addr);
		if (e->value.num == REGISTRY_NONE) {
			registry_endpoint_unindex(m, d->service, &want->addr);
			return false;
		}
	}
	uint32_t i = (uint32_t)e->value.num;
	if (m->seen[i].round == m->round) {
		d->members[m->seen[i].at].weight += want->weight;
		return true;
	}
	m->seen[i].round = m->round;
	m->seen[i].at = d->count;
	d->fresh[d->count] = added;
	d->wants[d->count] = want;
	d->members[d->count++] = (struct eset_member){
		.handle = { i, 0 },
		.addr = want->addr,
		.weight = want->weight,
		.manner = want->manner,
	};
	return true;
}

/* The order of members: near primaries, other primaries, backups. */
static uint32_t
want_rank(const struct eset_want *want)
{
	if (want->backup)
		return 2;
	return want->near ? 0 : 1;
}

/* Adds those of one rank. */
static bool
draft_fill(struct region *r, struct registry_map *m, struct draft *d,
    const struct eset_want *want, uint32_t count, uint32_t rank)
{
	for (uint32_t i = 0; i < count; i++)
		if (want_rank(&want[i]) == rank &&
		    !draft_add(r, m, d, &want[i]))
			return false;
	return true;
}

static bool
draft_make(struct region *r, struct registry_map *m, struct draft *d,
    const struct eset_want *want, uint32_t count)
{
	size_t n = count != 0 ? count : 1;

	d->members = calloc(n, sizeof(*d->members));
	d->wants = calloc(n, sizeof(*d->wants));
	d->fresh = calloc(n, sizeof(*d->fresh));
	MUST(d->members != NULL && d->wants != NULL && d->fresh != NULL);
	m->round++;
	bool ok = draft_fill(r, m, d, want, count, 0);
	d->near = d->count;
	ok = ok && draft_fill(r, m, d, want, count, 1);
	d->primaries = d->count;
	ok = ok && draft_fill(r, m, d, want, count, 2);
	if (!ok)
		draft_undo(r, m, d);
	return ok;
}

static void
draft_fini(struct draft *d)
{
	free(d->members);
	free(d->wants);
	free(d->fresh);
}

/* The same endpoints, of the same kind, weight and manner, in the same order.
 */
static bool
draft_is(const struct draft *d, const struct eset *cur)
{
	if (cur == NULL || cur->count != d->count)
		return cur == NULL && d->count == 0;
	if (cur->primaries != d->primaries || cur->near != d->near)
		return false;
	for (uint32_t i = 0; i < d->count; i++)
		if (d->fresh[i] ||
		    d->members[i].handle.index !=
			cur->members[i].handle.index ||
		    d->members[i].weight != cur->members[i].weight ||
		    d->members[i].manner != cur->members[i].manner)
			return false;
	return true;
}

static void
draft_open(struct region *r, struct registry_map *m, struct draft *d)
{
	bool grows = registry_set(r, d->service) != NULL;

	for (uint32_t i = 0; i < d->count; i++) {
		const struct eset_want *want = d->wants[i];
		struct endpoint_handle *h = &d->members[i].handle;
		struct shm_endpoint *e = &r->state->endpoints[h->index];

		if (d->fresh[i])
			endpoint_begin(r, h->index, want, grows && want->slow);
		endpoint_open(r, m, h->index, d->service, want);
		vital_set_admin(r, h->index, want->admin, want->cause);
		atomic_store(&e->weight, d->members[i].weight);
		h->tag = atomic_load(&e->tag);
	}
}

static void
set_write(struct region *r, uint64_t at, const struct draft *d)
{
	struct eset *s = (void *)(r->images + at);

	SHM_STEP("S2");
	s->version = atomic_fetch_add(&r->state->control.set_version, 1) + 1;
	s->count = d->count;
	s->primaries = d->primaries;
	s->near = d->near;
	s->total_weight = 0;
	for (uint32_t i = 0; i < d->count; i++) {
		s->members[i] = d->members[i];
		s->total_weight += d->members[i].weight;
	}
}

/* Endpoints of the old set that were not seen in this round are retired. */
static void
set_replace(
    struct region *r, struct registry_map *m, uint32_t service, uint64_t at)
{
	_Atomic uint64_t *word = &r->state->services[service].set;
	uint64_t old_at = atomic_load(word);
	const struct eset *old = registry_set_at(r, old_at);

	SHM_STEP("S3");
	atomic_store(word, at);
	if (old == NULL)
		return;
	uint64_t stamp = epoch_stamp(r); /* S4 */
	uint32_t entry = extent_find(r, old_at);
	MUST(entry < EXTENTS_MAX);
	registry_set_retire(r, m, entry, stamp);
	for (uint32_t i = 0; i < old->count; i++) {
		uint32_t index = old->members[i].handle.index;

		if (index < ENDPOINTS_MAX && m->seen[index].round != m->round)
			registry_endpoint_retire(r, m, index, stamp);
	}
}

bool
registry_publish_set(struct region *r, uint32_t service,
    const struct eset_want *want, uint32_t count)
{
	struct registry_map *m = registry_map(r);
	struct draft d = { .service = service };
	uint64_t at = 0;

	MUST(service < atomic_load(&r->state->control.services));
	bool ok = draft_make(r, m, &d, want, count);
	bool same = ok && draft_is(&d, registry_set(r, service));
	if (ok && !same && d.count != 0) {
		at = extent_take(r,
		    sizeof(struct eset) + d.count * sizeof(struct eset_member),
		    EXTENT_SET | service);
		ok = at != 0;
		if (!ok)
			draft_undo(r, m, &d);
	}
	if (ok)
		draft_open(r, m, &d);
	if (ok && !same) {
		if (at != 0)
			set_write(r, at, &d);
		set_replace(r, m, service, at);
	}
	draft_fini(&d);
	return ok;
}

void
registry_retire_service(struct region *r, uint32_t service)
{
	bool ok = registry_publish_set(r, service, NULL, 0);
	MUST(ok);
}
