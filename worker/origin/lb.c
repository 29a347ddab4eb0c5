/*
 * lb.c - what the algorithms have in common; see lb.h.
 */
#include "worker/origin/lb.h"

static bool
lb_tried(const struct balance_ask *ask, uint32_t index)
{
	for (uint32_t i = 0; i < ask->tried.count; i++)
		if (ask->tried.index[i] == index)
			return true;
	return false;
}

bool
lb_barred(const struct region *r, const struct breaker_rule *rule,
    uint32_t index, uint64_t now_us, uint64_t *wait_us)
{
	uint32_t breaker = BREAKER_OF_ENDPOINT(index);
	struct breaker_info info;

	*wait_us = 0;
	switch (breaker_look(r, breaker, now_us, wait_us)) {
	case BREAKER_LOOK_GO:
		return false;
	case BREAKER_LOOK_MAYBE:
		break;
	case BREAKER_LOOK_REFUSE:
		return true;
	}
	breaker_info(r, breaker, now_us, &info);
	return info.state == BREAKER_HALF &&
	    info.probes + info.oks >= rule->probes;
}

static bool
lb_unfit(const struct lb_tier *t, uint32_t index)
{
	uint64_t wait_us;

	if (t->mind == LB_MIND_NOTHING)
		return false;
	if (t->breaker != NULL &&
	    lb_barred(t->region, t->breaker, index, t->now.us, &wait_us))
		return true;
	switch (vital_look(t->region, index, t->now.us)) {
	case VITAL_USABLE:
	case VITAL_DUE:
		return false;
	case VITAL_SICK:
		return t->mind == LB_MIND_SICK;
	case VITAL_CLOSED:
		return true;
	}
	return true;
}

bool
lb_refuses(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	uint32_t index = t->members[i].handle.index;

	return lb_tried(ask, index) || lb_unfit(t, index);
}

bool
lb_due(const struct lb_tier *t, uint32_t i)
{
	uint32_t index = t->members[i].handle.index;
	uint64_t wait_us;

	if (vital_look(t->region, index, t->now.us) == VITAL_DUE)
		return true;
	return t->breaker != NULL &&
	    breaker_look(t->region, BREAKER_OF_ENDPOINT(index), t->now.us,
		&wait_us) == BREAKER_LOOK_MAYBE;
}

uint32_t
lb_unskipped(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	for (uint32_t n = 0; n < t->count; n++) {
		if (!lb_skips(t, ask, i))
			return i;
		i = i + 1 < t->count ? i + 1 : 0;
	}
	return LB_NONE;
}

uint32_t
lb_preference(uint32_t class)
{
	static const uint32_t thousandths[IMG_CLASS_COUNT] = {
		[IMG_CLASS_NORMAL] = 1000,
		[IMG_CLASS_PRIORITY] = 1500,
		[IMG_CLASS_EMERGENCY] = 2000,
	};

	return thousandths[class];
}

uint32_t
lb_share(const struct lb_tier *t, const struct balance_ask *ask, uint32_t i)
{
	uint32_t index = t->members[i].handle.index;
	uint32_t share = vital_share(t->region, index);

	if (ask->class != IMG_CLASS_NORMAL &&
	    (vital_flags(t->region, index) & VITAL_BEST) != 0)
		share = share * lb_preference(ask->class) / 1000;
	return share;
}
