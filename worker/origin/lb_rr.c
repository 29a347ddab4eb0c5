/*
 * lb_rr.c - weighted round robin, smooth: each endpoint's credit grows by its
 * weight, the richest is taken and pays the total. Equal weights need no
 * credit: a cursor does.
 */
#include <stdlib.h>

#include "common/base/hash.h"
#include "worker/origin/balance.h"

static bool
rr_equal(const struct eset *set)
{
	for (uint32_t i = 1; i < set->count; i++)
		if (set->members[i].weight != set->members[0].weight)
			return false;
	return true;
}

static bool
rr_prepare(struct lb_state *s, const struct eset *set)
{
	free(s->own);
	s->own = NULL;
	/* Workers start at different places, or they would march in step. */
	s->cursor = (uint32_t)hash_key_random().k0;
	if (rr_equal(set))
		return true;
	s->own = calloc(set->count, sizeof(*s->own));
	if (s->own == NULL)
		return false;
	for (uint32_t i = 0; i < set->count; i++)
		s->own[i] = s->cursor % (set->members[i].weight + 1);
	return true;
}

static uint32_t
rr_next(struct lb_state *s, const struct eset *set,
    const struct balance_tried *tried)
{
	for (;;) {
		uint32_t i = s->cursor++ % set->count;

		if (!balance_was_tried(tried, set->members[i].handle.index))
			return i;
	}
}

static uint32_t
rr_pick(struct lb_state *s, const struct eset *set,
    const struct balance_tried *tried)
{
	uint32_t best = UINT32_MAX;
	int64_t total = 0;

	if (s->own == NULL)
		return rr_next(s, set, tried);
	for (uint32_t i = 0; i < set->count; i++) {
		if (balance_was_tried(tried, set->members[i].handle.index))
			continue;
		s->own[i] += set->members[i].weight;
		total += set->members[i].weight;
		if (best == UINT32_MAX || s->own[i] > s->own[best])
			best = i;
	}
	s->own[best] -= total;
	return best;
}

const struct lb_ops lb_rr = {
	.name = "round_robin",
	.prepare = rr_prepare,
	.pick = rr_pick,
};
