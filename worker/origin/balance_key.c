/*
 * balance_key.c - see balance_key.h.
 */
#include "worker/origin/balance_key.h"

#include "common/base/hash.h"
#include "worker/flow/req_key.h"

uint64_t
balance_key_hash(const struct req *q)
{
	/* Not secret: all workers, and gateways side by side, have to agree. */
	static const struct hash_key key = { 0x70656e73746f636b, 0x6b6579 };
	const struct img_service *s = q->service;
	struct req_key by = { s->hash_key, s->hash_field, s->hash_name };
	struct slice value;

	/* The id is random, and new for every request. */
	if (!req_key_find(q, by, &value))
		value = q->request_id;
	return hash_bytes(key, value.p, value.n);
}
