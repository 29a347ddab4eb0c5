/*
 * refused.c - see refused.h. A place per hash: a newer one takes it. Two keys
 * make 128 bits of it, so that no good token is taken for a bad one.
 */
#include "worker/flow/refused.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

#define PLACES 4096u

struct refused {
	struct hash_key first, second;
	struct place {
		uint64_t first, second;
		struct mono until;
	} at[PLACES];
};

struct refused *
refused_new(void)
{
	struct refused *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->first = hash_key_random();
	r->second = hash_key_random();
	return r;
}

void
refused_free(struct refused *r)
{
	free(r);
}

/* The authenticator's hash becomes a part of the key. */
static uint64_t
refused_hash(struct hash_key key, const uint8_t *hash, struct slice text)
{
	uint64_t of[2];

	memcpy(of, hash, sizeof(of));
	key.k0 ^= of[0];
	key.k1 ^= of[1];
	return hash_bytes(key, text.p, text.n);
}

void
refused_note(struct refused *r, const uint8_t *hash, struct slice text,
    struct mono until)
{
	uint64_t first = refused_hash(r->first, hash, text);

	r->at[first % PLACES] =
	    (struct place){ first, refused_hash(r->second, hash, text), until };
}

bool
refused_lately(const struct refused *r, const uint8_t *hash, struct slice text,
    struct mono now)
{
	uint64_t first = refused_hash(r->first, hash, text);
	const struct place *p = &r->at[first % PLACES];

	return p->first == first && now.us < p->until.us &&
	    p->second == refused_hash(r->second, hash, text);
}
