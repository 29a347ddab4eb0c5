/*
 * tiers.c - see tiers.h. The sums are worked out when a set or anything about
 * health changes, and not for each request.
 */
#include "worker/origin/tiers.h"

/*
 * The own zone takes up to 1.4 times what is the share of its healthy ones:
 * while 5 of 7 are healthy, nothing spills over.
 */
#define ZONE_MORE 14u
#define ZONE_FULL 10u
#define ZONE_SALT 0x7a6f6e65u /* nothing to do with the ring */

/* A sick endpoint may be due one day: by then the sums are out of date. */
static void
tiers_wait(
    struct tiers *t, const struct region *r, uint32_t index, struct mono now)
{
	struct vital_info info;

	vital_info(r, index, &info);
	if (info.passive != PASSIVE_OK && info.passive_us > now.us &&
	    info.passive_us < t->until.us)
		t->until.us = info.passive_us;
}

/*
 * Whether it can be had. An open breaker counts as if it was closed by hand:
 * not even a panic uses it.
 */
static enum vital_verdict
tiers_look(
    struct tiers *t, const struct region *r, uint32_t index, struct mono now)
{
	enum vital_verdict verdict = vital_look(r, index, now.us);
	enum breaker_look look = BREAKER_LOOK_GO;
	uint64_t wait_us;

	if (t->breakers)
		look = breaker_look(
		    r, BREAKER_OF_ENDPOINT(index), now.us, &wait_us);
	if (look == BREAKER_LOOK_REFUSE) {
		struct mono due = mono_add_us(now, wait_us);

		if (due.us < t->until.us)
			t->until = due;
		return VITAL_CLOSED;
	}
	if (verdict == VITAL_SICK)
		tiers_wait(t, r, index, now);
	if (look == BREAKER_LOOK_MAYBE && verdict == VITAL_USABLE)
		return VITAL_DUE;
	return verdict;
}

static void
tier_add(struct tier_sum *s, const struct region *r,
    const struct eset_member *m, enum vital_verdict verdict)
{
	uint32_t share = vital_share(r, m->handle.index);

	s->count++;
	s->sound = s->sound && verdict == VITAL_USABLE;
	if (verdict == VITAL_CLOSED)
		return;
	s->open++;
	s->total += m->weight;
	s->full = s->full && share == VITAL_SHARE_FULL;
	s->share = share > s->share ? share : s->share;
	s->best =
	    s->best || (vital_flags(r, m->handle.index) & VITAL_BEST) != 0;
	if (verdict == VITAL_SICK)
		return;
	s->usable++;
	s->healthy += m->weight;
}

/* Some primaries are near and some are not. */
static bool
tiers_zoned(const struct tiers *t)
{
	uint32_t near = t->sums[TIER_NEAR].count;

	return near != 0 && near != t->sums[TIER_PRIMARY].count;
}

void
tiers_work_out(struct tiers *t, const struct region *r, const struct eset *set,
    struct mono now, bool breakers)
{
	const uint32_t ends[TIER_COUNT] = { set->near, set->primaries,
		set->count };
	struct tier_sum sum = { .sound = true, .full = true };
	uint32_t i = 0;

	/* Before the first look: what changes meanwhile is seen next time. */
	t->vitals_version = vitals_version(r);
	t->set_version = set->version;
	t->until = MONO_NEVER;
	t->breakers = breakers;
	for (uint32_t tier = 0; tier < TIER_COUNT; tier++) {
		for (; i < ends[tier]; i++) {
			const struct eset_member *m = &set->members[i];

			tier_add(
			    &sum, r, m, tiers_look(t, r, m->handle.index, now));
		}
		t->sums[tier] = sum;
	}
	t->first = tiers_zoned(t) ? TIER_NEAR : TIER_PRIMARY;
	t->plain = t->sums[t->first].sound && t->sums[t->first].full &&
	    t->sums[t->first].count != 0;
}

uint32_t
tier_scale(const struct tier_sum *s, uint32_t class)
{
	if (class != IMG_CLASS_NORMAL && s->best)
		return s->share * lb_preference(class) / VITAL_SHARE_FULL;
	return s->full ? 0 : s->share;
}

static bool
tier_enough(const struct tier_sum *s, uint32_t threshold)
{
	return s->total != 0 && s->healthy * 100 >= s->total * threshold;
}

/*
 * Without regard to zones. Backups that are healthy are better than primaries
 * of which none is, however many there are of each.
 */
static struct tiers_step
tiers_anywhere(const struct tiers *t, const struct balance_ask *ask)
{
	const struct tier_sum *primary = &t->sums[TIER_PRIMARY];
	const struct tier_sum *all = &t->sums[TIER_ALL];

	if (tier_enough(primary, ask->panic_threshold))
		return (struct tiers_step){ TIER_PRIMARY, LB_MIND_SICK };
	if (tier_enough(all, ask->panic_threshold) ||
	    (primary->healthy == 0 && all->healthy != 0))
		return (struct tiers_step){ TIER_ALL, LB_MIND_SICK };
	return (struct tiers_step){ TIER_PRIMARY, LB_MIND_CLOSED };
}

/* A key that spills over does so always, or it would have two endpoints. */
static bool
tiers_stays_near(
    const struct tiers *t, const struct balance_ask *ask, uint64_t *random)
{
	const struct tier_sum *near = &t->sums[TIER_NEAR];
	uint64_t bits;

	if (near->healthy * ZONE_MORE >= near->total * ZONE_FULL)
		return near->healthy != 0;
	bits = ask->algorithm == IMG_BALANCE_HASH
	    ? hash_u64(ask->hash ^ ZONE_SALT)
	    : lb_random_bits(random);
	return lb_below_wide(bits, near->total * ZONE_FULL) <
	    near->healthy * ZONE_MORE;
}

struct tiers_step
tiers_first(
    const struct tiers *t, const struct balance_ask *ask, uint64_t *random)
{
	if (t->first == TIER_NEAR && tiers_stays_near(t, ask, random))
		return (struct tiers_step){ TIER_NEAR, LB_MIND_SICK };
	return tiers_anywhere(t, ask);
}

bool
tiers_next(const struct tiers *t, const struct balance_ask *ask,
    struct tiers_step *step)
{
	switch (step->tier) {
	case TIER_NEAR:
		*step = tiers_anywhere(t, ask);
		return true;
	case TIER_PRIMARY:
		step->tier = TIER_ALL;
		return true;
	case TIER_ALL:
		break;
	case TIER_COUNT:
		return false;
	}
	/* Nothing healthy is left: the sick ones, before giving up. */
	if (step->mind == LB_MIND_CLOSED)
		return false;
	*step = (struct tiers_step){ TIER_PRIMARY, LB_MIND_CLOSED };
	return true;
}
