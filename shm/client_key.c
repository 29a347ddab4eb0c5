/*
 * client_key.c - see client_key.h.
 */
#include "shm/client_key.h"

#include <string.h>

#include "common/base/hash.h"

#define V6_BYTES 8 /* of an address that count: its /64 */

uint64_t
client_key(const struct region *r, char what, const struct addr *a)
{
	const struct shm_header *h = &r->state->header;
	struct {
		uint8_t what, ip[16];
	} k = { .what = (uint8_t)what };

	memcpy(k.ip, a->ip, a->is_v6 ? V6_BYTES : sizeof(k.ip));
	return hash_bytes(
	    (struct hash_key){ h->hash_k0, h->hash_k1 }, &k, sizeof(k));
}
