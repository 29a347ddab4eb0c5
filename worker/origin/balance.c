/*
 * balance.c - the frame around the algorithms.
 */
#include "worker/origin/balance.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "worker/origin/lb.h"

enum balance_tier { TIER_PRIMARY, TIER_BACKUP, TIER_COUNT };

struct balance {
	struct env *env;
	struct lb_nodes *nodes;
	uint64_t seed;
	struct lb_state states[SERVICES_MAX][TIER_COUNT];
};

static const struct lb_ops *const balance_ops[IMG_BALANCE_COUNT] = {
	[IMG_BALANCE_ROUND_ROBIN] = &lb_rr,
	[IMG_BALANCE_LEAST_CONNECTIONS] = &lb_least,
	[IMG_BALANCE_RANDOM] = &lb_random,
	[IMG_BALANCE_HASH] = &lb_hash,
	[IMG_BALANCE_P2C] = &lb_p2c,
};

struct balance *
balance_new(struct env *e)
{
	struct balance *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->env = e;
	b->seed = hash_key_random().k0;
	b->nodes = lb_nodes_new(e->region, e->slot);
	if (b->nodes == NULL) {
		free(b);
		return NULL;
	}
	return b;
}

void
balance_free(struct balance *b)
{
	for (uint32_t i = 0; i < SERVICES_MAX; i++)
		for (uint32_t tier = 0; tier < TIER_COUNT; tier++)
			free(b->states[i][tier].own);
	lb_nodes_free(b->nodes);
	free(b);
}

bool
lb_tried(const struct balance_ask *ask, uint32_t index)
{
	for (uint32_t i = 0; i < ask->tried.count; i++)
		if (ask->tried.index[i] == index)
			return true;
	return false;
}

uint32_t
lb_unskipped(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	for (uint32_t n = 0; n < t->count; n++) {
		if (!lb_skips(t, ask, i))
			return i;
		i = i + 1 < t->count ? i + 1 : 0;
	}
	MUST(false); /* the frame has seen to it that one is left */
	return 0;
}

static bool
tier_has_left(const struct lb_tier *t, const struct balance_ask *ask)
{
	for (uint32_t i = 0; i < t->count; i++)
		if (!lb_skips(t, ask, i))
			return true;
	return false;
}

/* Workers start at different places, or they would march in step. */
static bool
state_prepare(struct balance *b, struct lb_state *s, const struct lb_ops *ops,
    uint64_t version, const struct lb_tier *t)
{
	free(s->own);
	*s = (struct lb_state){ .random = b->seed ^ hash_u64(version) };
	if (!ops->prepare(s, t))
		return false;
	s->version = version;
	s->ops = ops;
	return true;
}

static const struct eset_member *
tier_pick(struct balance *b, const struct balance_ask *ask, uint64_t version,
    enum balance_tier which, const struct lb_tier *t)
{
	const struct lb_ops *ops = balance_ops[ask->algorithm];
	struct lb_state *s = &b->states[ask->service][which];

	if (!tier_has_left(t, ask))
		return NULL;
	if (t->count == 1)
		return &t->members[0];
	if ((s->version != version || s->ops != ops) &&
	    !state_prepare(b, s, ops, version, t))
		return NULL;
	return &t->members[ops->pick(s, t, ask)];
}

const struct eset_member *
balance_pick(struct balance *b, const struct balance_ask *ask)
{
	const struct eset *set = registry_set(b->env->region, ask->service);
	const struct eset_member *m;
	struct lb_tier t = { .nodes = b->nodes, .now = clock_now() };

	MUST(ask->service < SERVICES_MAX && ask->algorithm < IMG_BALANCE_COUNT);
	if (set == NULL || ask->tried.count >= BALANCE_TRIED_MAX)
		return NULL;
	t.members = set->members;
	t.count = set->primaries;
	m = tier_pick(b, ask, set->version, TIER_PRIMARY, &t);
	if (m != NULL)
		return m;
	t.members = set->members + set->primaries;
	t.count = set->count - set->primaries;
	return tier_pick(b, ask, set->version, TIER_BACKUP, &t);
}

void
balance_feedback(struct balance *b, uint32_t algorithm,
    struct endpoint_handle h, enum balance_outcome outcome, uint64_t us)
{
	const struct lb_ops *ops = balance_ops[algorithm];

	if (ops->feedback != NULL)
		ops->feedback(lb_node(b->nodes, h), clock_now(), outcome, us);
}
