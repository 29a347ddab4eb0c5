/*
 * lb_rr.c - weighted round robin, smooth: each endpoint's credit grows by its
 * weight, the richest is taken and pays the total. Equal weights need no
 * credit: a cursor does, which passes by those of a smaller share now and then.
 */
#include <stdlib.h>

#include "worker/origin/lb.h"

/* So many are passed by at most. */
#define RR_PASSES 64u

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

	s->cursor = lb_below(lb_random_bits(&s->random), t->count);
	if (rr_equal(t))
		return true;
	credit = calloc(t->count, sizeof(*credit));
	if (credit == NULL)
		return false;
	for (uint32_t i = 0; i < t->count; i++)
		credit[i] = (int64_t)lb_below_wide(lb_random_bits(&s->random),
		    (uint64_t)t->members[i].weight * VITAL_SHARE_FULL + 1);
	s->own = credit;
	return true;
}

static uint32_t
rr_next(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t i = LB_NONE;

	for (uint32_t n = 0; n < RR_PASSES; n++) {
		i = lb_unskipped(t, ask, s->cursor);
		if (i == LB_NONE)
			break;
		s->cursor = i + 1 < t->count ? i + 1 : 0;
		if (lb_takes(s, t, ask, i))
			break;
	}
	return i;
}

static uint32_t
rr_pick(
    struct lb_state *s, const struct lb_tier *t, const struct balance_ask *ask)
{
	uint32_t best = LB_NONE;
	int64_t total = 0, *credit = s->own;

	if (credit == NULL)
		return rr_next(s, t, ask);
	for (uint32_t i = 0; i < t->count; i++) {
		if (lb_skips(t, ask, i))
			continue;
		int64_t weight = (int64_t)lb_weight(t, ask, i);

		credit[i] += weight;
		total += weight;
		if (best == LB_NONE || credit[i] > credit[best])
			best = i;
	}
	if (best != LB_NONE)
		credit[best] -= total;
	return best;
}

const struct lb_ops lb_rr = {
	.name = "round_robin",
	.prepare = rr_prepare,
	.pick = rr_pick,
};
