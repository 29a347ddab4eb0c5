/*
 * registry.c - what workers and status pages read of services and endpoints,
 * and the rows that workers write.
 */
#include "shm/registry.h"

#include "common/base/must.h"
#include "shm/registry_map.h"
#include "shm/step.h"

const struct eset *
registry_set_at(const struct region *r, uint64_t offset)
{
	if (offset == 0 || offset > r->images_bytes - sizeof(struct eset))
		return NULL;
	const struct eset *s = (const void *)(r->images + offset);
	uint64_t room = r->images_bytes - offset - sizeof(*s);
	if (s->count > room / sizeof(s->members[0]) ||
	    s->primaries > s->count || s->near > s->primaries)
		return NULL;
	return s;
}

const struct eset *
registry_set(const struct region *r, uint32_t service)
{
	if (service >= SERVICES_MAX)
		return NULL;
	return registry_set_at(
	    r, atomic_load(&r->state->services[service].set));
}

static struct shm_endpoint *
endpoint_at(const struct region *r, uint32_t index)
{
	MUST(index < ENDPOINTS_MAX);
	return &r->state->endpoints[index];
}

bool
registry_endpoint_alive(const struct region *r, struct endpoint_handle h)
{
	if (h.index >= ENDPOINTS_MAX)
		return false;
	struct shm_endpoint *e = &r->state->endpoints[h.index];
	return atomic_load_explicit(&e->tag, memory_order_acquire) == h.tag &&
	    atomic_load_explicit(&e->state, memory_order_acquire) !=
	    ENDPOINT_FREE;
}

bool
registry_endpoint_live(const struct region *r, struct endpoint_handle h)
{
	if (h.index >= ENDPOINTS_MAX)
		return false;
	struct shm_endpoint *e = &r->state->endpoints[h.index];
	return atomic_load_explicit(&e->tag, memory_order_acquire) == h.tag &&
	    atomic_load_explicit(&e->state, memory_order_acquire) ==
	    ENDPOINT_LIVE;
}

struct slice
registry_endpoint_text(const struct region *r, uint32_t index)
{
	if (index >= ENDPOINTS_MAX)
		return SLICE_NONE;
	struct shm_text *t = &r->state->texts[index];
	uint32_t n = atomic_load_explicit(&t->addr_bytes, memory_order_acquire);
	return slice_make(t->addr, n <= sizeof(t->addr) ? n : 0);
}

struct slice
registry_endpoint_label(const struct region *r, uint32_t index)
{
	if (index >= ENDPOINTS_MAX)
		return SLICE_NONE;
	struct shm_text *t = &r->state->texts[index];
	uint32_t which =
	    atomic_load_explicit(&t->label_which, memory_order_acquire) & 1;
	uint32_t n =
	    atomic_load_explicit(&t->label[which].bytes, memory_order_relaxed);
	return slice_make(
	    t->label[which].text, n <= ENDPOINT_LABEL_MAX ? n : 0);
}

/* ---- rows ---- */

uint32_t
registry_active_of(const struct region *r, uint32_t w, uint32_t index)
{
	MUST(w < WORKERS_MAX && index < ENDPOINTS_MAX);
	return (uint32_t)atomic_load_explicit(
	    &r->state->rows[w].endpoint[index], memory_order_relaxed);
}

uint32_t
registry_pooled_of(const struct region *r, uint32_t w, uint32_t index)
{
	MUST(w < WORKERS_MAX && index < ENDPOINTS_MAX);
	return (
	    uint32_t)(atomic_load_explicit(&r->state->rows[w].endpoint[index],
			  memory_order_relaxed) /
	    REGISTRY_ROW_POOLED);
}

/* Both halves summed; each stays below 2^32. */
static uint64_t
row_sum(const struct region *r, uint32_t index)
{
	uint64_t sum = 0;

	MUST(index < ENDPOINTS_MAX);
	for (uint32_t w = 0; w < r->state->header.workers; w++)
		sum += atomic_load_explicit(
		    &r->state->rows[w].endpoint[index], memory_order_acquire);
	return sum;
}

bool
registry_endpoint_used(const struct region *r, uint32_t index)
{
	return row_sum(r, index) != 0;
}

uint32_t
registry_active(const struct region *r, uint32_t index)
{
	return (uint32_t)row_sum(r, index);
}

uint32_t
registry_pooled(const struct region *r, uint32_t index)
{
	return (uint32_t)(row_sum(r, index) / REGISTRY_ROW_POOLED);
}

void
registry_recover_worker(struct region *r, uint32_t w)
{
	uint32_t n = atomic_load(&r->state->control.endpoints);

	MUST(w < WORKERS_MAX);
	for (uint32_t i = 0; i < n && i < ENDPOINTS_MAX; i++) {
		_Atomic uint64_t *row = &r->state->rows[w].endpoint[i];

		if (atomic_load_explicit(row, memory_order_relaxed) == 0)
			continue;
		SHM_STEP("row_zero");
		atomic_store_explicit(row, 0, memory_order_release);
	}
}

bool
registry_endpoint_info(
    const struct region *r, uint32_t index, struct endpoint_info *i)
{
	if (index >= atomic_load(&r->state->control.endpoints))
		return false;
	struct shm_endpoint *e = endpoint_at(r, index);
	uint64_t sum = row_sum(r, index);

	*i = (struct endpoint_info){
		.state = atomic_load(&e->state),
		.tag = atomic_load(&e->tag),
		.service = atomic_load(&e->service),
		.weight = atomic_load(&e->weight),
		.active = (uint32_t)sum,
		.pooled = (uint32_t)(sum / REGISTRY_ROW_POOLED),
	};
	return i->state != ENDPOINT_FREE;
}
