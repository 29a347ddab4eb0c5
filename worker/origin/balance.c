/*
 * balance.c - the frame around the algorithms: where to look is said by tiers.c
 * and which of those by lb_*.c; here is what remains, the trials of endpoints
 * that are due among it.
 */
#include "worker/origin/balance.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "worker/origin/tiers.h"

/* How often a request may lose the trial of an endpoint to another worker
 * before it looks further. */
#define BALANCE_CLAIMS_MAX 8

struct balance_service {
	struct tiers tiers;
	struct lb_state states[TIER_COUNT];
};

struct balance {
	struct env *env;
	struct lb_nodes *nodes;
	uint64_t seed, random;
	/* Zeroed pages: only those of services in use take memory. */
	struct balance_service services[SERVICES_MAX];
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
	b->seed = b->random = hash_key_random().k0;
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
			free(b->services[i].states[tier].own);
	lb_nodes_free(b->nodes);
	free(b);
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

/* True when this call may have the endpoint: as its trial, if it is due. */
static bool
member_claim(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	uint32_t index = t->members[i].handle.index;
	bool sick_too = t->mind != LB_MIND_SICK;

	switch (vital_look(t->region, index, t->now.us)) {
	case VITAL_USABLE:
		return true;
	case VITAL_DUE:
		return vital_claim(t->region, index, &ask->rule, t->now.us) ||
		    sick_too;
	case VITAL_SICK:
		return sick_too;
	case VITAL_CLOSED:
		return false;
	}
	return false;
}

static const struct eset_member *
tier_pick(struct balance *b, const struct balance_ask *ask, uint64_t version,
    struct lb_state *s, const struct lb_tier *t)
{
	const struct lb_ops *ops = balance_ops[ask->algorithm];
	uint32_t i;

	if (t->count > 1 && (s->version != version || s->ops != ops) &&
	    !state_prepare(b, s, ops, version, t))
		return NULL;
	for (int n = 0; n < BALANCE_CLAIMS_MAX; n++) {
		i = t->count > 1 ? ops->pick(s, t, ask)
				 : lb_unskipped(t, ask, 0);
		if (i == LB_NONE)
			return NULL;
		if (t->mind == LB_MIND_NOTHING || member_claim(t, ask, i))
			return &t->members[i];
	}
	return NULL;
}

/* Looks through the tiers of a set, one after the other. */
static const struct eset_member *
service_pick(struct balance *b, struct balance_service *service,
    const struct tiers *tiers, const struct balance_ask *ask, struct lb_tier *t)
{
	struct tiers_step step = tiers_first(tiers, ask, &b->random);
	const struct eset_member *m = NULL;

	do {
		const struct tier_sum *sum = &tiers->sums[step.tier];

		t->count = sum->count;
		t->mind = sum->sound ? LB_MIND_NOTHING : step.mind;
		t->skips = !sum->sound || ask->tried.count != 0;
		t->scale = tier_scale(sum, ask->class);
		if (tier_usable(sum, step.mind))
			m = tier_pick(b, ask, tiers->set_version,
			    &service->states[step.tier], t);
	} while (m == NULL && tiers_next(tiers, ask, &step));
	return m;
}

/* What nearly all picks are: nothing to skip, nothing to scale. */
static inline bool
pick_is_plain(const struct tiers *tiers, const struct balance_ask *ask)
{
	return tiers->plain && ask->class == IMG_CLASS_NORMAL &&
	    ask->tried.count == 0;
}

/* One of several, where nothing is new. NULL: it is not so simple. */
static const struct eset_member *
plain_pick(struct balance_service *service, const struct balance_ask *ask,
    struct lb_tier *t)
{
	const struct tiers *tiers = &service->tiers;
	const struct lb_ops *ops = balance_ops[ask->algorithm];
	struct lb_state *s = &service->states[tiers->first];

	if (!pick_is_plain(tiers, ask))
		return NULL;
	t->count = tiers->sums[tiers->first].count;
	if (s->version != tiers->set_version || s->ops != ops)
		return NULL;
	return &t->members[ops->pick(s, t, ask)];
}

/* As if there were no breakers. */
static const struct eset_member *
bypass_pick(struct balance *b, struct balance_service *service,
    const struct eset *set, const struct balance_ask *ask, struct lb_tier *t)
{
	struct tiers tiers;

	tiers_work_out(&tiers, t->region, set, t->now, false);
	t->breaker = NULL;
	return service_pick(b, service, &tiers, ask, t);
}

/* Out of line: it has a frame that one endpoint alone can do without. */
static __attribute__((noinline)) const struct eset_member *
choose(struct balance *b, struct balance_service *service,
    const struct eset *set, const struct balance_ask *ask)
{
	struct lb_tier t = { .members = set->members,
		.nodes = b->nodes,
		.region = b->env->region,
		.breaker = ask->breaker,
		.now = clock_now() };
	const struct eset_member *m = plain_pick(service, ask, &t);

	if (m == NULL)
		m = service_pick(b, service, &service->tiers, ask, &t);
	if (m == NULL && ask->bypass)
		m = bypass_pick(b, service, set, ask, &t);
	return m;
}

const struct eset_member *
balance_pick(struct balance *b, const struct balance_ask *ask)
{
	const struct region *r = b->env->region;
	const struct eset *set = registry_set(r, ask->service);
	struct balance_service *service;
	const struct tiers *tiers;

	MUST(ask->service < SERVICES_MAX &&
	    ask->algorithm < IMG_BALANCE_COUNT && ask->class < IMG_CLASS_COUNT);
	if (set == NULL || ask->tried.count >= BALANCE_TRIED_MAX)
		return NULL;
	service = &b->services[ask->service];
	tiers = &service->tiers;
	tiers_update(
	    &service->tiers, r, set, clock_now(), ask->breaker != NULL);
	if (pick_is_plain(tiers, ask) && tiers->sums[tiers->first].count == 1)
		return &set->members[0];
	return choose(b, service, set, ask);
}

bool
balance_barred(
    const struct balance *b, const struct balance_ask *ask, uint64_t *wait_us)
{
	const struct region *r = b->env->region;
	const struct eset *set = registry_set(r, ask->service);
	uint64_t now_us = clock_now().us, us;
	bool barred = false;

	*wait_us = UINT64_MAX;
	if (set == NULL || ask->breaker == NULL || ask->bypass)
		return false;
	for (uint32_t i = 0; i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;

		if (vital_look(r, index, now_us) == VITAL_CLOSED)
			continue;
		if (!lb_barred(r, ask->breaker, index, now_us, &us))
			return false;
		barred = true;
		*wait_us = us < *wait_us ? us : *wait_us;
	}
	return barred;
}

static void
vitals_learn(const struct env *e, const struct vital_rule *rule, uint32_t index,
    const struct balance_result *how)
{
	bool ok = how->outcome == BALANCE_ANSWERED;

	if (how->outcome == BALANCE_ABANDONED)
		return;
	if (ok)
		vital_answered(e->region, index, rule);
	else
		vital_failed(e->region, index, rule, clock_now().us, how->cause,
		    how->detail);
	tally_add(e->region, e->slot, index, ok, how->us);
}

void
balance_feedback(struct balance *b, uint32_t algorithm,
    const struct vital_rule *rule, struct endpoint_handle h,
    const struct balance_result *how)
{
	const struct lb_ops *ops = balance_ops[algorithm];

	vitals_learn(b->env, rule, h.index, how);
	if (ops->feedback != NULL)
		ops->feedback(
		    lb_node(b->nodes, h), clock_now(), how->outcome, how->us);
}
