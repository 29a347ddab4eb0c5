/*
 * operate.c - see operate.h. How changes become wants is in wants.c; when the
 * configuration ends them, in publish.c.
 */
#include "master/operate.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "shm/override.h"
#include "shm/registry.h"

/* What holds without a change of this very name. */
static struct override
operate_base(const struct region *r, const struct lookup *l)
{
	const struct img_endpoint *e = l->endpoint;
	struct override by_label = { 0 };
	struct override base = { .state = e->admin, .weight = e->weight };

	if (!l->single)
		return base;
	(void)override_find(
	    r, l->service->slot, img_slice(l->img, e->label), &by_label);
	if (by_label.has_state)
		base.state = by_label.state;
	if (by_label.has_weight)
		base.weight = by_label.weight;
	/* That of an SRV record's target is not known here. */
	if (e->kind == IMG_ENDPOINT_SRV)
		base.weight = 0;
	return base;
}

static struct override
operate_merge(const struct region *r, const struct lookup *l,
    const struct operate_change *c, struct override o)
{
	struct override base = operate_base(r, l);

	if (c->admin_what != OPERATE_KEEP) {
		o.has_state =
		    c->admin_what == OPERATE_SET && c->admin != base.state;
		o.state = c->admin;
	}
	if (c->weight_what != OPERATE_KEEP) {
		o.has_weight =
		    c->weight_what == OPERATE_SET && c->weight != base.weight;
		o.weight = c->weight;
	}
	o.conf_state = l->endpoint->admin;
	o.conf_weight = l->endpoint->weight;
	return o;
}

/* The weights of the service's members, by slot; to be freed. */
static uint32_t *
operate_weights(const struct region *r, const struct lookup *l)
{
	uint32_t *weights = calloc(ENDPOINTS_MAX, sizeof(*weights));
	const struct eset *set = registry_set(r, l->service->slot);

	MUST(weights != NULL);
	for (uint32_t i = 0; set != NULL && i < set->count; i++)
		weights[set->members[i].handle.index] = set->members[i].weight;
	return weights;
}

static void
operate_tell(struct region *r, const struct lookup *l,
    const struct operate_change *c, const uint32_t *was)
{
	const struct eset *set = registry_set(r, l->service->slot);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;
		uint32_t weight = set->members[i].weight;

		if (!lookup_has(r, l, index))
			continue;
		if (was[index] != weight)
			history_add(
			    r, index, CHANGE_WEIGHT, CAUSE_OPERATOR, weight);
		if (c->admin_what == OPERATE_SET && c->admin == ADMIN_READY)
			vital_forgive(r, index, CAUSE_OPERATOR);
	}
}

/* What an address of the endpoint is to be: its own change comes first. */
static enum endpoint_admin
operate_admin(const struct region *r, const struct lookup *l, uint32_t index)
{
	struct override o;

	if (override_find(
		r, l->service->slot, registry_endpoint_text(r, index), &o) &&
	    o.has_state)
		return o.state;
	if (override_find(r, l->service->slot,
		img_slice(l->img, l->endpoint->label), &o) &&
	    o.has_state)
		return o.state;
	return (enum endpoint_admin)l->endpoint->admin;
}

/* Ahead of publishing, for which a change that ended would be no operator's. */
static void
operate_states(struct region *r, const struct lookup *l)
{
	const struct eset *set = registry_set(r, l->service->slot);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;

		if (lookup_has(r, l, index))
			vital_set_admin(r, index, operate_admin(r, l, index),
			    CAUSE_OPERATOR);
	}
}

/* False: no room. */
static bool
operate_keep(
    struct reload *rl, const struct lookup *l, const struct override *o)
{
	struct region *r = &rl->in->region;

	if (!override_set(r, l->service->slot, l->name, o))
		return false;
	operate_states(r, l);
	return reload_renew(rl, l->index);
}

bool
operate_apply(
    struct reload *rl, const struct lookup *l, const struct operate_change *c)
{
	struct region *r = &rl->in->region;
	uint32_t *weights = operate_weights(r, l);
	struct override was = { 0 }, o;
	bool ok;

	(void)override_find(r, l->service->slot, l->name, &was);
	o = operate_merge(r, l, c, was);
	ok = operate_keep(rl, l, &o);
	if (ok)
		operate_tell(r, l, c, weights);
	else
		(void)operate_keep(rl, l, &was);
	free(weights);
	return ok;
}
