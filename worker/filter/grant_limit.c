/*
 * grant_limit.c - see grant_limit.h.
 */
#include "worker/filter/grant_limit.h"

#include "shm/limiter_key.h"
#include "worker/flow/req.h"

#define GRANT_BURST 5u

enum verdict
grant_limit_request(struct req *q)
{
	uint32_t per_minute = q->image->access.issuer.per_minute;
	struct limiter_rate rate = { .kind = LIMITER_BUCKET,
		.burst = GRANT_BURST };
	struct field after = { .name = { "Retry-After", 11 },
		.id = FIELD_RETRY_AFTER };
	struct limiter_left left;
	struct limiter_key key;

	if (per_minute == 0)
		return GO_ON;
	rate.each_ns = UINT64_C(60000000000) / per_minute;
	limiter_key_address(
	    q->env->region, LIMITER_OWN_GRANTS, &q->client, &key);
	if (limiter_take(q->env->region, LIMITER_ADDRESS, &key, &rate,
		clock_now().us, &left))
		return GO_ON;
	after.value = arena_printf(&q->arena, "%llu",
	    (unsigned long long)((left.wait_us + 999999) / 1000000));
	req_fail_with(q, WHY_RATE_LIMITED, NULL, &after);
	return DONE;
}
