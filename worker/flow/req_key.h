/*
 * req_key.h - what of a request a choice goes by, so that requests alike in it
 * get the same.
 */
#ifndef WORKER_FLOW_REQ_KEY_H
#define WORKER_FLOW_REQ_KEY_H

#include "worker/flow/req.h"

struct req_key {
	uint16_t kind;       /* enum img_hash_key */
	uint16_t field;      /* enum field_id of the header */
	struct img_str name; /* of the header or cookie */
};

/*
 * The value of the key, the text that it is; false where the request has none
 * of that kind. The image must still be pinned.
 */
bool req_key_find(const struct req *q, struct req_key key, struct slice *value);

/* The client's address, as a key. */
static inline struct slice
req_key_address(const struct req *q)
{
	return slice_make((const char *)q->client.ip, sizeof(q->client.ip));
}

#endif
