/*
 * lb_kit.h - for the tests of algorithms: a tier of endpoints that live in a
 * region, so that their active counts do too.
 */
#ifndef TESTS_UNIT_WORKER_ORIGIN_LB_KIT_H
#define TESTS_UNIT_WORKER_ORIGIN_LB_KIT_H

#include "tests/unit/shm/fixture.h"
#include "worker/origin/lb.h"

#define KIT_MEMBERS 1000

struct lb_kit {
	const struct lb_ops *ops;
	struct region region;
	uint32_t service;
	struct lb_tier tier;
	struct lb_state state;
	struct balance_ask ask;
	uint32_t hits[KIT_MEMBERS];
};

/* A set of endpoints first.., of these weights; NULL: all 1. */
static inline void
kit_set(
    struct lb_kit *k, uint32_t first, uint32_t count, const uint32_t *weights)
{
	static struct eset_want want[KIT_MEMBERS];
	const struct eset *set;

	for (uint32_t i = 0; i < count; i++)
		want[i] =
		    fixture_want(first + i, weights != NULL ? weights[i] : 1);
	ck_assert(registry_publish_set(&k->region, k->service, want, count));
	set = registry_set(&k->region, k->service);
	k->tier.members = set->members;
	k->tier.count = set->count;
	free(k->state.own);
	k->state = (struct lb_state){ .random = 1 };
	ck_assert(k->ops->prepare(&k->state, &k->tier));
}

/* Worker 0 of two. */
static inline void
kit_init(struct lb_kit *k, const struct lb_ops *ops, uint32_t count,
    const uint32_t *weights)
{
	memset(k, 0, sizeof(*k));
	k->ops = ops;
	fixture_region(&k->region, 2);
	k->service = registry_service(&k->region, SLICE_LIT("s"));
	k->tier.nodes = lb_nodes_new(&k->region, 0);
	k->tier.now.us = 1000000;
	kit_set(k, 1, count, weights);
}

static inline void
kit_fini(struct lb_kit *k)
{
	free(k->state.own);
	lb_nodes_free(k->tier.nodes);
	region_fini(&k->region);
}

static inline uint32_t
kit_pick(struct lb_kit *k)
{
	uint32_t i = k->ops->pick(&k->state, &k->tier, &k->ask);

	ck_assert_uint_lt(i, k->tier.count);
	ck_assert(!lb_skips(&k->tier, &k->ask, i));
	return i;
}

/* Picks n times, for keys 0.., into hits. */
static inline void
kit_picks(struct lb_kit *k, uint32_t n)
{
	memset(k->hits, 0, sizeof(k->hits));
	for (uint32_t i = 0; i < n; i++) {
		k->ask.hash = hash_u64(i);
		k->hits[kit_pick(k)]++;
	}
}

/* hits[i] is within `percent` of `want`. */
static inline void
kit_near(const struct lb_kit *k, uint32_t i, double want, double percent)
{
	ck_assert_msg(k->hits[i] >= want * (1 - percent / 100) &&
		k->hits[i] <= want * (1 + percent / 100),
	    "member %u: %u, not %.0f", i, k->hits[i], want);
}

static inline void
kit_tried(struct lb_kit *k, uint32_t i)
{
	struct balance_tried *t = &k->ask.tried;

	t->index[t->count++] = k->tier.members[i].handle.index;
}

/* `by` more active exchanges of worker w with member i. */
static inline void
kit_active(struct lb_kit *k, uint32_t w, uint32_t i, int by)
{
	uint32_t index = k->tier.members[i].handle.index;

	for (int n = 0; n < by; n++)
		registry_active_add(&k->region, w, index, 1);
	for (int n = 0; n > by; n--)
		registry_active_add(&k->region, w, index, -1);
}

/* Whatever is tried, the others are picked; with one left, only that. */
static inline void
kit_check_tried(const struct lb_ops *ops, const uint32_t *weights)
{
	struct lb_kit k;

	kit_init(&k, ops, 3, weights);
	kit_tried(&k, 0);
	kit_picks(&k, 1000);
	ck_assert_uint_eq(k.hits[0], 0);
	ck_assert_uint_eq(k.hits[1] + k.hits[2], 1000);
	kit_tried(&k, 2);
	kit_picks(&k, 1000);
	ck_assert_uint_eq(k.hits[1], 1000);
	kit_fini(&k);
}

#endif
