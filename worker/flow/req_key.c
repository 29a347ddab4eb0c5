/*
 * req_key.c - see req_key.h.
 */
#include "worker/flow/req_key.h"

#include "common/http/head.h"
#include "worker/flow/cookie.h"
#include "worker/flow/identity.h"

static bool
header_value(const struct req *q, struct req_key key, struct slice *value)
{
	enum field_id id = key.field;
	const struct field *f = id != FIELD_OTHER
	    ? head_find(&q->head, id)
	    : head_find_name(&q->head, img_slice(q->image, key.name));

	if (f == NULL)
		return false;
	*value = f->value;
	return true;
}

bool
req_key_find(const struct req *q, struct req_key key, struct slice *value)
{
	switch ((enum img_hash_key)key.kind) {
	case IMG_HASH_ADDRESS:
		*value = req_key_address(q);
		return true;
	case IMG_HASH_HEADER:
		return header_value(q, key, value);
	case IMG_HASH_COOKIE:
		return cookie_find(
		    &q->head, img_slice(q->image, key.name), value);
	case IMG_HASH_PATH:
		*value = q->uri.path;
		return true;
	case IMG_HASH_USER:
		*value = identity_claim(q->identity, IMG_CLAIM_USER);
		if (value->n == 0)
			*value = req_key_address(q);
		return true;
	case IMG_HASH_NONE:
		break;
	}
	return false;
}
