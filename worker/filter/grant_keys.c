/*
 * grant_keys.c - see grant_keys.h.
 */
#include "worker/filter/grant_keys.h"

#include "common/jose/keyset.h"
#include "shm/keysets.h"
#include "worker/flow/reply.h"

#define KEYS_AGE_S 300u
#define KEYS_BYTES_MAX 16384u

static const struct keyset *
own_keys(const struct region *r)
{
	uint32_t slot = keysets_find(r, SLICE_LIT(KEYSETS_OWN));
	struct slice set = SLICE_NONE;
	const struct keyset *keys;
	uint64_t version;

	if (slot != KEYSETS_NONE)
		set = keysets_read(r, slot, &version);
	keys = (const void *)set.p;
	return set.n != 0 && keyset_check(keys, set.n) ? keys : NULL;
}

/* Who fetched it knows the next key for one turn at least. */
static struct slice
keys_age(struct req *q)
{
	uint64_t turn_s = q->image->access.signing_rotate_us / 1000000;

	return arena_printf(&q->arena, "max-age=%llu",
	    (unsigned long long)(turn_s < KEYS_AGE_S ? turn_s : KEYS_AGE_S));
}

void
grant_keys_answer(struct req *q)
{
	struct field age = { .name = { "Cache-Control", 13 },
		.value = keys_age(q),
		.id = FIELD_CACHE_CONTROL };
	const struct keyset *keys = own_keys(q->env->region);
	char *room;
	struct text t;

	if (keys == NULL) {
		req_fail(q, WHY_AUTH_UNAVAILABLE);
		return;
	}
	room = arena_alloc(&q->arena, KEYS_BYTES_MAX);
	if (room == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	text_init_fixed(&t, room, KEYS_BYTES_MAX);
	keyset_write_jwks(keys, &t);
	q->why = WHY_RESPOND;
	reply_body(q, 200, SLICE_LIT("application/jwk-set+json"),
	    text_slice(&t), &age);
}
