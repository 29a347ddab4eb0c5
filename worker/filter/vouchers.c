/*
 * vouchers.c - see vouchers.h.
 *
 * A table of sets of four: a new token takes the place of the one in its set
 * that ends first. Large ones are not kept, so that the table stays small
 * whatever users are called.
 */
#include "worker/filter/vouchers.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/hash.h"

#define SETS 1024u
#define WAYS 4u

struct entry {
	uint64_t hash;
	int64_t since_s, until_s; /* 0: free */
	char *bytes;              /* the key, then the token */
	uint32_t key_bytes, token_bytes;
};

struct vouchers {
	struct hash_key key;
	struct entry at[SETS][WAYS];
};

struct vouchers *
vouchers_new(void)
{
	struct vouchers *v = calloc(1, sizeof(*v));

	if (v != NULL)
		v->key = hash_key_random();
	return v;
}

void
vouchers_free(struct vouchers *v)
{
	if (v == NULL)
		return;
	for (unsigned i = 0; i < SETS; i++)
		for (unsigned k = 0; k < WAYS; k++)
			free(v->at[i][k].bytes);
	free(v);
}

/* Not one of the future either, when a clock was set back. */
static bool
entry_holds(
    const struct entry *e, uint64_t hash, struct slice key, int64_t now_s)
{
	return e->hash == hash && now_s >= e->since_s && now_s < e->until_s &&
	    slice_eq(slice_make(e->bytes, e->key_bytes), key);
}

struct slice
vouchers_find(const struct vouchers *v, struct slice key, int64_t now_s)
{
	uint64_t hash = hash_bytes(v->key, key.p, key.n);
	const struct entry *set = v->at[hash % SETS];

	for (unsigned i = 0; i < WAYS; i++)
		if (entry_holds(&set[i], hash, key, now_s))
			return slice_make(set[i].bytes + set[i].key_bytes,
			    set[i].token_bytes);
	return SLICE_NONE;
}

/* The one that ends first, or is free. */
static struct entry *
entry_victim(struct entry *set)
{
	struct entry *e = &set[0];

	for (unsigned i = 1; i < WAYS; i++)
		if (set[i].until_s < e->until_s)
			e = &set[i];
	return e;
}

void
vouchers_keep(struct vouchers *v, struct slice key, struct slice token,
    int64_t since_s, int64_t until_s)
{
	uint64_t hash = hash_bytes(v->key, key.p, key.n);
	struct entry *e = entry_victim(v->at[hash % SETS]);
	size_t n = key.n + token.n;
	char *bytes = n <= VOUCHER_BYTES_MAX ? malloc(n) : NULL;

	if (bytes == NULL)
		return;
	free(e->bytes);
	memcpy(bytes, key.p, key.n);
	memcpy(bytes + key.n, token.p, token.n);
	*e = (struct entry){ .hash = hash,
		.since_s = since_s,
		.until_s = until_s,
		.bytes = bytes,
		.key_bytes = (uint32_t)key.n,
		.token_bytes = (uint32_t)token.n };
}
