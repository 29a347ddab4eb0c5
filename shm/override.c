/*
 * override.c - the table of what operators have changed: filled from its
 * start, searched from its start. It is short: people made its entries.
 *
 * An entry is made, changed and forgotten by the one store of its value, so a
 * master that is killed leaves either what was there or what was asked for.
 */
#include "shm/override.h"

#include <string.h>

#include "common/base/must.h"
#include "shm/step.h"

#define KEPT_WEIGHT_BITS 30
#define KEPT_WEIGHT_MAX ((1u << KEPT_WEIGHT_BITS) - 1)

static uint64_t
kept_append(uint64_t value, uint32_t state, uint32_t weight)
{
	MUST(state <= ADMIN_COUNT && weight <= KEPT_WEIGHT_MAX);
	return (value << 2 | state) << KEPT_WEIGHT_BITS | weight;
}

/* Not 0, for o changes something. */
static uint64_t
kept_pack(const struct override *o)
{
	MUST(o->weight < KEPT_WEIGHT_MAX);
	uint64_t value = kept_append(0, o->has_state ? 1u + o->state : 0,
	    o->has_weight ? 1u + o->weight : 0);

	return kept_append(value, o->conf_state, o->conf_weight);
}

static void
kept_unpack(uint64_t value, struct override *o)
{
	uint32_t conf = (uint32_t)value;
	uint32_t changed = (uint32_t)(value >> 32);
	uint32_t state = changed >> KEPT_WEIGHT_BITS;
	uint32_t weight = changed & KEPT_WEIGHT_MAX;

	*o = (struct override){
		.has_state = state != 0,
		.has_weight = weight != 0,
		.state = state != 0 ? state - 1 : ADMIN_READY,
		.weight = weight != 0 ? weight - 1 : 0,
		.conf_state = conf >> KEPT_WEIGHT_BITS,
		.conf_weight = conf & KEPT_WEIGHT_MAX,
	};
}

static uint64_t
kept_value(const struct shm_override *e)
{
	return atomic_load_explicit(&e->value, memory_order_acquire);
}

static void
kept_store(struct shm_override *e, uint64_t value)
{
	SHM_STEP("override_value");
	atomic_store_explicit(&e->value, value, memory_order_release);
}

static struct slice
kept_name(const struct shm_override *e)
{
	uint32_t n = atomic_load_explicit(&e->name_bytes, memory_order_relaxed);
	return slice_make(
	    e->name, n <= ENDPOINT_LABEL_MAX ? n : ENDPOINT_LABEL_MAX);
}

/* Entry i, or NULL: neither it nor any behind it was ever used. */
static struct shm_override *
kept_at(const struct region *r, uint32_t i)
{
	if (i >= OVERRIDES_MAX || kept_name(&r->state->overrides[i]).n == 0)
		return NULL;
	return &r->state->overrides[i];
}

static struct shm_override *
kept_find(const struct region *r, uint32_t service, struct slice name)
{
	struct shm_override *e;

	for (uint32_t i = 0; (e = kept_at(r, i)) != NULL; i++)
		if (e->service == service && kept_value(e) != 0 &&
		    slice_eq(kept_name(e), name))
			return e;
	return NULL;
}

/* A free entry for (service, name), not in use yet; NULL: none. */
static struct shm_override *
kept_make(struct region *r, uint32_t service, struct slice name)
{
	struct shm_override *e;
	uint32_t i = 0;

	while ((e = kept_at(r, i)) != NULL && kept_value(e) != 0)
		i++;
	if (i == OVERRIDES_MAX)
		return NULL;
	e = &r->state->overrides[i];
	SHM_STEP("override_fill");
	e->service = service;
	memcpy(e->name, name.p, name.n);
	SHM_STEP("override_name");
	atomic_store_explicit(
	    &e->name_bytes, (uint32_t)name.n, memory_order_relaxed);
	return e;
}

bool
override_find(const struct region *r, uint32_t service, struct slice name,
    struct override *o)
{
	struct shm_override *e = kept_find(r, service, name);

	if (e == NULL)
		return false;
	kept_unpack(kept_value(e), o);
	return true;
}

bool
override_set(struct region *r, uint32_t service, struct slice name,
    const struct override *o)
{
	bool keep = o->has_state || o->has_weight;

	if (name.n == 0 || name.n > ENDPOINT_LABEL_MAX)
		return false;
	struct shm_override *e = kept_find(r, service, name);
	if (e == NULL && !keep)
		return true;
	if (e == NULL)
		e = kept_make(r, service, name);
	if (e == NULL)
		return false;
	kept_store(e, keep ? kept_pack(o) : 0);
	return true;
}

void
override_drop_service(struct region *r, uint32_t service)
{
	struct shm_override *e;

	for (uint32_t i = 0; (e = kept_at(r, i)) != NULL; i++)
		if (e->service == service && kept_value(e) != 0)
			kept_store(e, 0);
}

bool
override_at(const struct region *r, uint32_t i, uint32_t *service,
    struct slice *name, struct override *o)
{
	struct shm_override *e;

	for (uint32_t k = 0; (e = kept_at(r, k)) != NULL; k++) {
		if (kept_value(e) == 0 || i-- != 0)
			continue;
		*service = e->service;
		*name = kept_name(e);
		kept_unpack(kept_value(e), o);
		return true;
	}
	return false;
}
