/*
 * grant_limit.c - see grant_limit.h.
 */
#include "worker/filter/grant_limit.h"

#include "shm/client_key.h"
#include "shm/limiter.h"
#include "worker/flow/req.h"

#define GRANT_BURST 5u

enum verdict
grant_limit_request(struct req *q)
{
	uint32_t per_minute = q->image->access.issuer.per_minute;
	struct limiter_rate rate = { .burst = GRANT_BURST };
	struct field after = { .name = { "Retry-After", 11 },
		.id = FIELD_RETRY_AFTER };
	uint64_t wait_us;

	if (per_minute == 0)
		return GO_ON;
	rate.each_us = 60000000 / per_minute;
	if (limiter_take(q->env->region, LIMITER_ADDRESS,
		client_key(q->env->region, 'g', &q->client), &rate,
		clock_now().us, &wait_us))
		return GO_ON;
	after.value = arena_printf(&q->arena, "%llu",
	    (unsigned long long)((wait_us + 999999) / 1000000));
	req_fail_with(q, WHY_RATE_LIMITED, NULL, &after);
	return DONE;
}
