/*
 * lb_least.c - the endpoint with the fewest active exchanges per weight, over
 * all workers; of equals one at random, by weight, so that idle endpoints share
 * as their weights say. Exact for small sets; of a large one it looks at a
 * stretch from a random place, so that a pick stays cheap.
 */
#include "worker/origin/lb.h"

#define LEAST_LOOKS 32u

struct least {
	uint32_t at;     /* the best so far */
	uint64_t active; /* of it */
	uint64_t weight; /* in thousandths */
	uint64_t equals; /* the sum of the weights of all as good as it */
};

static bool
least_prepare(struct lb_state *s, const struct lb_tier *t)
{
	(void)s;
	(void)t;
	return true;
}

static void
least_look(struct least *l, struct lb_state *s, const struct lb_tier *t,
    const struct balance_ask *ask, uint32_t i)
{
	uint64_t weight = lb_weight(t, ask, i);
	struct lb_node *node = lb_node(t->nodes, t->members[i].handle);
	uint64_t active = lb_node_active(t->nodes, node, t->now);
	uint64_t mine = active * l->weight, best = l->active * weight;

	if (l->equals != 0 && mine > best)
		return;
	if (l->equals == 0 || mine < best)
		l->equals = 0;
	l->equals += weight;
	/* Each of the equals ends up chosen with its share of their sum. */
	if (lb_below_wide(lb_random_bits(&s->random), l->equals) < weight)
		*l = (struct least){ i, active, weight, l->equals };
}

static uint32_t
least_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t i = lb_below(lb_random_bits(&s->random), t->count);
	uint32_t looks = 0;
	struct least l = { .at = LB_NONE };

	for (uint32_t n = 0; n < t->count && looks < LEAST_LOOKS; n++) {
		if (!lb_skips(t, ask, i)) {
			least_look(&l, s, t, ask, i);
			looks++;
		}
		i = i + 1 < t->count ? i + 1 : 0;
	}
	return l.at;
}

const struct lb_ops lb_least = {
	.name = "least_connections",
	.prepare = least_prepare,
	.pick = least_pick,
};
