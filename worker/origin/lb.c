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

static bool
lb_unfit(const struct lb_tier *t, uint32_t index)
{
	if (t->mind == LB_MIND_NOTHING)
		return false;
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
