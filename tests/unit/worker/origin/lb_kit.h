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
	k->tier.region = &k->region;
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
	k->tier.skips = true;
}

/* Member i is sick, or no longer; and that is minded. */
static inline void
kit_sick(struct lb_kit *k, uint32_t i, bool on)
{
	vital_set_flag(&k->region, k->tier.members[i].handle.index, VITAL_DOWN,
	    on, CAUSE_PROBE_CONNECT, 0);
	k->tier.mind = LB_MIND_SICK;
	k->tier.skips = true;
}

static inline void
kit_share(struct lb_kit *k, uint32_t i, uint32_t share)
{
	vital_set_share(&k->region, k->tier.members[i].handle.index, share);
	k->tier.scale = VITAL_SHARE_FULL;
}

/* Member i is the best one, for requests of this class. */
static inline void
kit_best(struct lb_kit *k, uint32_t i, enum img_class class)
{
	vital_set_flag(&k->region, k->tier.members[i].handle.index, VITAL_BEST,
	    true, CAUSE_SCORE, 0);
	k->ask.class = class;
	k->tier.scale = lb_preference(class);
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
	kit_tried(&k, 1);
	ck_assert_uint_eq(ops->pick(&k.state, &k.tier, &k.ask), LB_NONE);
	kit_fini(&k);
}

/* The sick get nothing while that is minded, the closed never anything. */
static inline void
kit_check_sick(const struct lb_ops *ops, const uint32_t *weights)
{
	struct lb_kit k;

	kit_init(&k, ops, 3, weights);
	kit_sick(&k, 1, true);
	kit_picks(&k, 1000);
	ck_assert_uint_eq(k.hits[1], 0);
	ck_assert_uint_gt(k.hits[0], 0);
	ck_assert_uint_gt(k.hits[2], 0);
	kit_tried(&k, 0);
	kit_tried(&k, 2);
	ck_assert_uint_eq(ops->pick(&k.state, &k.tier, &k.ask), LB_NONE);
	k.tier.mind = LB_MIND_CLOSED;
	kit_picks(&k, 10);
	ck_assert_uint_eq(k.hits[1], 10);
	vital_set_admin(&k.region, k.tier.members[1].handle.index, ADMIN_DRAIN,
	    CAUSE_OPERATOR);
	ck_assert_uint_eq(ops->pick(&k.state, &k.tier, &k.ask), LB_NONE);
	kit_fini(&k);
}

/* Half a share is half as much; classes prefer the best. */
static inline void
kit_check_shares(const struct lb_ops *ops)
{
	struct lb_kit k;

	kit_init(&k, ops, 3, NULL);
	kit_share(&k, 0, 500);
	kit_picks(&k, 50000);
	kit_near(&k, 0, 10000, 5);
	kit_near(&k, 1, 20000, 5);
	kit_near(&k, 2, 20000, 5);
	kit_set(&k, 1, 3, (uint32_t[]){ 4, 1, 1 });
	kit_picks(&k, 40000);
	kit_near(&k, 0, 20000, 5);
	kit_near(&k, 1, 10000, 5);
	kit_share(&k, 0, VITAL_SHARE_FULL);
	kit_best(&k, 1, IMG_CLASS_EMERGENCY);
	kit_picks(&k, 70000);
	kit_near(&k, 0, 40000, 5);
	kit_near(&k, 1, 20000, 5);
	kit_near(&k, 2, 10000, 5);
	kit_set(&k, 1, 2, NULL);
	kit_best(&k, 1, IMG_CLASS_PRIORITY);
	kit_picks(&k, 50000);
	kit_near(&k, 1, 30000, 5);
	k.ask.class = IMG_CLASS_NORMAL;
	kit_picks(&k, 50000);
	kit_near(&k, 1, 25000, 5);
	kit_fini(&k);
}

#endif
