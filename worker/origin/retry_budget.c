/*
 * retry_budget.c - see retry_budget.h.
 */
#include "worker/origin/retry_budget.h"

#include "shm/budget.h"

void
retry_book(struct env *e, const struct img_service *s)
{
	if (s->retry.budget != 0)
		budget_request(e->region, e->slot, s->slot, clock_now().us);
}

bool
retry_afford(
    struct env *e, const struct img_service *s, enum why why, bool leaving)
{
	struct budget budget = { s->retry.budget, s->retry.budget_minimum };

	if (budget.share == 0 || why == WHY_CONNECT_FAILED ||
	    (why == WHY_UPSTREAM_REFUSED && leaving) ||
	    budget_retry(e->region, s->slot, &budget, clock_now().us))
		return true;
	env_count(e, COUNTER_UPSTREAM_RETRIES_REFUSED, 1);
	return false;
}
