/*
 * balance.c - the frame around the algorithms.
 */
#include "worker/origin/balance.h"

#include <stdlib.h>

#include "common/base/must.h"

struct balance {
	struct env *env;
	struct lb_state states[SERVICES_MAX];
};

static const struct lb_ops *const balance_ops[] = {
	[IMG_BALANCE_ROUND_ROBIN] = &lb_rr,
};

struct balance *
balance_new(struct env *e)
{
	struct balance *b = calloc(1, sizeof(*b));

	if (b != NULL)
		b->env = e;
	return b;
}

void
balance_free(struct balance *b)
{
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		free(b->states[i].own);
	free(b);
}

bool
balance_was_tried(const struct balance_tried *t, uint32_t index)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (t->index[i] == index)
			return true;
	return false;
}

static bool
balance_some_left(const struct eset *set, const struct balance_tried *t)
{
	if (t->count == 0)
		return set->count != 0;
	if (t->count >= BALANCE_TRIED_MAX)
		return false;
	for (uint32_t i = 0; i < set->count; i++)
		if (!balance_was_tried(t, set->members[i].handle.index))
			return true;
	return false;
}

const struct eset_member *
balance_pick(struct balance *b, uint32_t service, uint32_t algorithm,
    const struct balance_tried *tried)
{
	const struct eset *set = registry_set(b->env->region, service);
	const struct lb_ops *ops;
	struct lb_state *s;

	MUST(service < SERVICES_MAX);
	if (set == NULL || !balance_some_left(set, tried))
		return NULL;
	if (set->count == 1)
		return &set->members[0];
	ops = balance_ops[algorithm];
	s = &b->states[service];
	if (s->version != set->version) {
		if (!ops->prepare(s, set))
			return NULL;
		s->version = set->version;
	}
	return &set->members[ops->pick(s, set, tried)];
}
