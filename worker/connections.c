/*
 * connections.c - see connections.h.
 */
#include "worker/connections.h"

#include <string.h>

#include "common/base/hash.h"
#include "shm/image.h"
#include "shm/keyed.h"
#include "worker/flow/trust.h"
#include "worker/flow/why.h"

#define CONNECTIONS_V6_BYTES 8 /* of an address that count: its /64 */

/* What is counted by this key stands before it, as other things may be. */
struct connections_key {
	uint8_t what, ip[16];
};

static uint64_t
connections_hash(const struct region *r, const struct addr *a)
{
	struct hash_key key = { r->state->header.hash_k0,
		r->state->header.hash_k1 };
	struct connections_key k = { .what = 'c' };

	memcpy(k.ip, a->ip, a->is_v6 ? CONNECTIONS_V6_BYTES : sizeof(k.ip));
	return hash_bytes(key, &k, sizeof(k));
}

bool
connections_take(struct env *e, const struct addr *a, uint32_t *ticket)
{
	const struct img_head *img = e->view.image;
	uint32_t max = img != NULL ? img->limits.connections_per_address : 0;

	*ticket = PERMIT_NONE;
	if (max == 0 || trust_has(img, a))
		return true;
	switch (keyed_take(
	    &e->permits, connections_hash(e->region, a), max, ticket)) {
	case KEYED_TAKEN:
		break;
	case KEYED_REFUSED:
		env_count(e, COUNTER_CONNECTIONS_OVER_ADDRESS, 1);
		counters_why(e->region, e->slot, WHY_TOO_MANY_CONNECTIONS);
		return false;
	case KEYED_UNCOUNTED:
		env_count(e, COUNTER_CONNECTIONS_UNCOUNTED, 1);
		break;
	}
	return true;
}

void
connections_drop(struct env *e, uint32_t ticket)
{
	if (ticket != PERMIT_NONE)
		permit_drop(&e->permits, ticket);
}
