/*
 * lb_rr.c - weighted round robin, smooth: each endpoint's credit grows by its
 * weight, the richest is taken and pays the total. Equal weights need no
 * credit: a cursor does.
 */
#include <stdlib.h>

#include "worker/origin/lb.h"

static bool
rr_equal(const struct lb_tier *t)
{
	for (uint32_t i = 1; i < t->count; i++)
		if (t->members[i].weight != t->members[0].weight)
			return false;
	return true;
}

static bool
rr_prepare(struct lb_state *s, const struct lb_tier *t)
{
	int64_t *credit;

	s->cursor = lb_below(lb_random_bits(s), t->count);
	if (rr_equal(t))
		return true;
	credit = calloc(t->count, sizeof(*credit));
	if (credit == NULL)
		return false;
	for (uint32_t i = 0; i < t->count; i++)
		credit[i] =
		    lb_below(lb_random_bits(s), t->members[i].weight + 1);
	s->own = credit;
	return true;
}

static uint32_t
rr_next(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t i = lb_unskipped(t, ask, s->cursor);

	s->cursor = i + 1 < t->count ? i + 1 : 0;
	return i;
}

static uint32_t
rr_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t best = UINT32_MAX;
	int64_t total = 0, *credit = s->own;

	if (credit == NULL)
		return rr_next(s, t, ask);
	for (uint32_t i = 0; i < t->count; i++) {
		if (lb_skips(t, ask, i))
			continue;
		credit[i] += t->members[i].weight;
		total += t->members[i].weight;
		if (best == UINT32_MAX || credit[i] > credit[best])
			best = i;
	}
	credit[best] -= total;
	return best;
}

const struct lb_ops lb_rr = {
	.name = "round_robin",
	.prepare = rr_prepare,
	.pick = rr_pick,
};
