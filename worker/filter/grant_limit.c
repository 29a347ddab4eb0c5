/*
 * grant_limit.c - see grant_limit.h.
 */
#include "worker/filter/grant_limit.h"

#include <string.h>

#include "common/base/hash.h"
#include "shm/limiter.h"
#include "worker/flow/req.h"

#define GRANT_BURST 5u
#define GRANT_V6_BYTES 8 /* of an address that count: its /64 */

/* What is counted by this key stands before it, as other things may be. */
struct grant_key {
	uint8_t what, ip[16];
};

static uint64_t
grant_hash(const struct req *q)
{
	const struct shm_header *h = &q->env->region->state->header;
	struct grant_key k = { .what = 'g' };

	memcpy(k.ip, q->client.ip,
	    q->client.is_v6 ? GRANT_V6_BYTES : sizeof(k.ip));
	return hash_bytes(
	    (struct hash_key){ h->hash_k0, h->hash_k1 }, &k, sizeof(k));
}

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
	if (limiter_take(q->env->region, LIMITER_ADDRESS, grant_hash(q), &rate,
		clock_now().us, &wait_us))
		return GO_ON;
	after.value = arena_printf(&q->arena, "%llu",
	    (unsigned long long)((wait_us + 999999) / 1000000));
	req_fail_with(q, WHY_RATE_LIMITED, NULL, &after);
	return DONE;
}
