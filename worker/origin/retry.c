/*
 * retry.c - see retry.h.
 */
#include "worker/origin/retry.h"

#define RETRY_FACTOR_ONE 1000u

/* The bit of img_retry.on that a failure stands for; 0: none. */
static uint32_t
retry_bit(const struct retry_case *c)
{
	if (retry_unseen(c->why))
		return RETRY_CONNECT;
	if ((c->why == WHY_UPSTREAM_PROTOCOL ||
		c->why == WHY_UPSTREAM_CLOSED) &&
	    !c->sent)
		return RETRY_CONNECT;
	if (c->heard)
		return 0;
	if (c->why == WHY_UPSTREAM_CLOSED || c->why == WHY_UPSTREAM_PROTOCOL)
		return RETRY_RESET;
	if (c->why == WHY_RESPONSE_TIMEOUT)
		return RETRY_TIMEOUT;
	return 0;
}

bool
retry_again(const struct img_retry *rule, const struct img_range *statuses,
    const struct retry_case *c)
{
	if (c->attempts >= rule->attempts[c->class] || !c->whole)
		return false;
	if (c->sent && !c->idempotent && !retry_unseen(c->why))
		return false;
	if (c->why == WHY_OK)
		return img_ranges_have(
		    statuses, rule->statuses.count, c->status);
	return (rule->on & retry_bit(c)) != 0;
}

uint64_t
retry_delay_us(const struct img_retry *rule, uint32_t n, uint64_t random)
{
	uint64_t us = rule->base_us;

	for (uint32_t i = 1; i < n && us < rule->max_us; i++) {
		if (__builtin_mul_overflow(us, rule->factor, &us))
			us = UINT64_MAX;
		us /= RETRY_FACTOR_ONE;
	}
	if (us > rule->max_us)
		us = rule->max_us;
	if (rule->jitter != 0)
		us = (uint64_t)((unsigned __int128)us * random >> 64);
	return us;
}
