/*
 * forward_plan.c - see forward_plan.h. Nothing is chosen here: that has
 * happened, by the code that always does it.
 */
#include "worker/origin/forward_plan.h"

#include "shm/permit.h"
#include "shm/registry.h"
#include "worker/origin/forward.h"
#include "worker/origin/forward_state.h"
#include "worker/origin/lb.h"

bool
forward_planned(const struct req *q)
{
	const struct forward *f = q->handled;

	return forward_works(q) && f->planned;
}

/* By an operator or the configuration, by probes, by traffic. */
static const char *
plan_health(const struct region *r, uint32_t index)
{
	uint32_t flags = vital_flags(r, index);

	if ((flags & VITAL_MAINT) != 0)
		return "maint";
	if ((flags & VITAL_DRAIN) != 0)
		return "draining";
	if ((flags & VITAL_DOWN) != 0)
		return "down";
	if ((flags & VITAL_POOR) != 0)
		return "poor";
	return vital_look(r, index, clock_now().us) == VITAL_SICK ? "failing"
								  : NULL;
}

static const char *
plan_bar(const struct forward *f, uint32_t index)
{
	const struct req *q = f->req;
	const struct region *r = q->env->region;
	uint32_t max = q->service->max_connections;
	const char *bar = plan_health(r, index);
	uint64_t wait_us;

	if (bar != NULL)
		return bar;
	if (f->ask.breaker != NULL &&
	    lb_barred(r, f->ask.breaker, index, clock_now().us, &wait_us))
		return "breaker open";
	if (max != 0 && permit_count(r, index) >= max &&
	    registry_pooled(r, index) == 0)
		return "full";
	return NULL;
}

bool
forward_plan_member(const struct req *q, uint32_t i, struct plan_member *m)
{
	const struct forward *f = q->handled;
	const struct region *r = q->env->region;
	const struct eset *set = registry_set(r, q->service->slot);
	uint32_t index;

	if (set == NULL || i >= set->count)
		return false;
	index = set->members[i].handle.index;
	*m = (struct plan_member){
		.addr = registry_endpoint_text(r, index),
		.label = registry_endpoint_label(r, index),
		.weight = set->members[i].weight,
		.backup = i >= set->primaries,
		.near = i < set->near,
		.chosen = f->planned && f->call.handle.index == index,
	};
	m->bar = m->chosen ? NULL : plan_bar(f, index);
	return true;
}

uint32_t
forward_plan_waiting(const struct req *q)
{
	return permit_count(q->env->region, PERMIT_QUEUE + q->service->slot);
}
