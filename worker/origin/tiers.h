/*
 * tiers.h - which endpoints of a service a request may have, before its
 * algorithm chooses among them: those near, all primaries, or all; only the
 * healthy ones, or whatever is not closed.
 *
 * A set's members lie in the order of its tiers, each a stretch from the first:
 *
 *	 |-- NEAR --|
 *	 |------ PRIMARY -----|
 *	 |----------- ALL ------------|
 *	   own zone   primaries backups
 */
#ifndef WORKER_ORIGIN_TIERS_H
#define WORKER_ORIGIN_TIERS_H

#include "worker/origin/lb.h"

enum tier { TIER_NEAR, TIER_PRIMARY, TIER_ALL, TIER_COUNT };

struct tier_sum {
	uint64_t healthy, total; /* weights of the usable; of the not closed */
	uint32_t count, usable, open; /* members; usable ones; not closed */
	uint32_t share;               /* the largest of a member */
	bool sound;                   /* all are usable as they are */
	bool full, best; /* all have their full share; some are the best */
};

/* Where a request looks for an endpoint. */
struct tiers_step {
	enum tier tier;
	enum lb_mind mind;
};

/* What was worked out of a service's set; all zero: nothing yet. */
struct tiers {
	uint64_t set_version, vitals_version;
	bool breakers;     /* those whose breaker is open are closed */
	struct mono until; /* then an endpoint that was left alone is due */
	enum tier first;   /* where a request looks, health apart */
	bool plain;        /* all there are usable, with their full share */
	struct tier_sum sums[TIER_COUNT];
};

void tiers_work_out(struct tiers *t, const struct region *r,
    const struct eset *set, struct mono now, bool breakers);

/* Works it out again if anything has changed. */
static inline void
tiers_update(struct tiers *t, const struct region *r, const struct eset *set,
    struct mono now, bool breakers)
{
	if (t->set_version != set->version ||
	    t->vitals_version != vitals_version(r) || now.us >= t->until.us ||
	    t->breakers != breakers)
		tiers_work_out(t, r, set, now, breakers);
}

/* Where it looks first; `random` is for spilling over from the own zone. */
struct tiers_step tiers_first(
    const struct tiers *t, const struct balance_ask *ask, uint64_t *random);

/* Where it looks when nothing was left there; false: that was all. */
bool tiers_next(const struct tiers *t, const struct balance_ask *ask,
    struct tiers_step *step);

/* lb_tier.scale for a request of this class. */
uint32_t tier_scale(const struct tier_sum *s, uint32_t class);

/* False when no member can be left, so that none need be looked at. */
static inline bool
tier_usable(const struct tier_sum *s, enum lb_mind mind)
{
	return (mind == LB_MIND_SICK ? s->usable : s->open) != 0;
}

#endif
