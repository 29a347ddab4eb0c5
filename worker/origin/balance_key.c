/*
 * balance_key.c - see balance_key.h.
 */
#include "worker/origin/balance_key.h"

#include "common/base/hash.h"
#include "common/http/head.h"
#include "worker/flow/cookie.h"
#include "worker/flow/identity.h"

static bool
header_value(const struct req *q, struct slice *value)
{
	struct slice name = img_slice(q->image, q->service->hash_name);
	enum field_id id = q->service->hash_field;
	const struct field *f = id != FIELD_OTHER
	    ? head_find(&q->head, id)
	    : head_find_name(&q->head, name);

	if (f == NULL)
		return false;
	*value = f->value;
	return true;
}

static bool
key_value(const struct req *q, struct slice *value)
{
	switch ((enum img_hash_key)q->service->hash_key) {
	case IMG_HASH_ADDRESS:
		*value = slice_make(
		    (const char *)q->client.ip, sizeof(q->client.ip));
		return true;
	case IMG_HASH_HEADER:
		return header_value(q, value);
	case IMG_HASH_COOKIE:
		return cookie_find(&q->head,
		    img_slice(q->image, q->service->hash_name), value);
	case IMG_HASH_PATH:
		*value = q->uri.path;
		return true;
	case IMG_HASH_USER:
		*value = identity_claim(q->identity, IMG_CLAIM_USER);
		if (value->n == 0)
			*value = slice_make(
			    (const char *)q->client.ip, sizeof(q->client.ip));
		return true;
	}
	return false;
}

uint64_t
balance_key_hash(const struct req *q)
{
	/* Not secret: all workers, and gateways side by side, have to agree. */
	static const struct hash_key key = { 0x70656e73746f636b, 0x6b6579 };
	struct slice value;

	/* The id is random, and new for every request. */
	if (!key_value(q, &value))
		value = q->request_id;
	return hash_bytes(key, value.p, value.n);
}
