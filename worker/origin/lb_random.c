/*
 * lb_random.c - any endpoint, each as often as its weight says.
 */
#include "worker/origin/lb_weigh.h"

static uint32_t
random_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	return lb_weigh_draw(s, t, ask, LB_NONE);
}

const struct lb_ops lb_random = {
	.name = "random",
	.prepare = lb_weigh_prepare,
	.pick = random_pick,
};
