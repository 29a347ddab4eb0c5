/*
 * auth_cache.c - see auth_cache.h.
 *
 * The private level: places in sets of eight, each an entry of its own on the
 * heap. Within a set the first that was not used since the hand passed makes
 * room (CLOCK); when there are too many bytes, a hand over all places does the
 * same. A hit sums no more than 64 bytes of the text and compares all of it:
 * those who would choose texts of one sum do not know the key, and would have
 * to have them signed.
 */
#include "worker/filter/auth_cache.h"

#include <openssl/crypto.h>
#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "shm/tokens.h"

#define SETS 4096u /* a power of two */
#define WAYS 8u
#define PLACES (SETS * WAYS)
#define HASHED 48u /* of the end, and half a block of the middle */
#define HASHED_MIDDLE 16u

struct entry {
	struct identity *id;
	uint64_t version;
	int64_t until_s;
	uint32_t text_bytes;
	bool used; /* since the hand passed */
	uint8_t auth[32];
	char text[];
};

struct place {
	uint64_t hash;
	struct entry *entry; /* NULL: free */
};

struct auth_cache {
	struct env *env;
	struct hash_key key;
	size_t bytes, bytes_max;
	uint32_t hand;
	char packed[TOKENS_BYTES_MAX];
	struct place places[PLACES];
};

struct auth_cache *
auth_cache_new(struct env *e, size_t bytes)
{
	struct auth_cache *c = calloc(1, sizeof(*c));

	MUST(c != NULL);
	c->env = e;
	c->bytes_max = bytes;
	c->key = hash_key_random();
	return c;
}

static size_t
entry_bytes(const struct entry *e)
{
	return sizeof(*e) + e->text_bytes + e->id->bytes;
}

static void
place_empty(struct auth_cache *c, struct place *p)
{
	struct entry *e = p->entry;

	if (e == NULL)
		return;
	c->bytes -= entry_bytes(e);
	identity_unref(e->id);
	OPENSSL_clear_free(e, sizeof(*e) + e->text_bytes);
	p->entry = NULL;
}

void
auth_cache_free(struct auth_cache *c)
{
	if (c == NULL)
		return;
	for (uint32_t i = 0; i < PLACES; i++)
		place_empty(c, &c->places[i]);
	OPENSSL_cleanse(c->packed, sizeof(c->packed));
	free(c);
}

/* ---- the private level ---- */

/* Signatures are at the end; the middle is the claims'. */
static uint64_t
text_hash(const struct auth_cache *c, struct slice text)
{
	char part[HASHED + HASHED_MIDDLE];

	if (text.n <= sizeof(part))
		return hash_sum(c->key, text.p, text.n);
	memcpy(part, text.p + text.n - HASHED, HASHED);
	memcpy(part + HASHED, text.p + (text.n - HASHED) / 2, HASHED_MIDDLE);
	return hash_sum(c->key, part, sizeof(part)) + text.n;
}

static uint64_t
key_place(const struct auth_cache *c, struct auth_cache_key *key)
{
	if (!key->placed)
		key->place = text_hash(c, key->text);
	key->placed = true;
	return key->place;
}

static struct place *
hash_set(struct auth_cache *c, uint64_t hash)
{
	return &c->places[(hash & (SETS - 1)) * WAYS];
}

/* The place of this text with this authenticator, whatever its version. */
static struct place *
place_find(
    struct auth_cache *c, const struct auth_cache_key *key, uint64_t hash)
{
	struct place *set = hash_set(c, hash);

	for (uint32_t i = 0; i < WAYS; i++) {
		const struct entry *e = set[i].entry;

		if (e != NULL && set[i].hash == hash &&
		    e->text_bytes == key->text.n &&
		    memcmp(e->text, key->text.p, key->text.n) == 0 &&
		    memcmp(e->auth, key->auth->hash, sizeof(e->auth)) == 0)
			return &set[i];
	}
	return NULL;
}

static struct identity *
private_find(
    struct auth_cache *c, const struct auth_cache_key *key, uint64_t hash)
{
	struct place *p = place_find(c, key, hash);
	struct entry *e;

	if (p == NULL)
		return NULL;
	e = p->entry;
	if (e->version == key->version &&
	    (e->until_s == INT64_MAX || env_now_s() < e->until_s)) {
		e->used = true;
		return identity_ref(e->id);
	}
	place_empty(c, p);
	return NULL;
}

/* One of the set: a free one, else one that was not used for a while. */
static struct place *
set_make_room(struct auth_cache *c, struct place *set)
{
	struct place *p = NULL;

	for (uint32_t i = 0; i < WAYS; i++)
		if (set[i].entry == NULL)
			return &set[i];
	for (uint32_t i = 0; i < WAYS && p == NULL; i++) {
		if (!set[i].entry->used)
			p = &set[i];
		set[i].entry->used = false;
	}
	if (p == NULL)
		p = &set[c->hand++ % WAYS];
	place_empty(c, p);
	return p;
}

/* Until there is room for so many bytes more. */
static void
cache_make_room(struct auth_cache *c, size_t bytes)
{
	while (c->bytes != 0 && c->bytes + bytes > c->bytes_max) {
		struct place *p = &c->places[c->hand++ % PLACES];

		if (p->entry == NULL)
			continue;
		if (p->entry->used)
			p->entry->used = false;
		else
			place_empty(c, p);
	}
}

static void
private_keep(struct auth_cache *c, const struct auth_cache_key *key,
    uint64_t hash, struct identity *id, int64_t until_s)
{
	size_t n = sizeof(struct entry) + key->text.n;
	struct place *p = place_find(c, key, hash);
	struct entry *e;

	if (n + id->bytes > c->bytes_max / WAYS)
		return;
	e = OPENSSL_malloc(n);
	if (e == NULL)
		return;
	if (p != NULL)
		place_empty(c, p);
	cache_make_room(c, n + id->bytes);
	p = set_make_room(c, hash_set(c, hash));
	*e = (struct entry){ .id = identity_ref(id),
		.version = key->version,
		.until_s = until_s,
		.text_bytes = (uint32_t)key->text.n };
	memcpy(e->auth, key->auth->hash, sizeof(e->auth));
	memcpy(e->text, key->text.p, key->text.n);
	*p = (struct place){ hash, e };
	c->bytes += entry_bytes(e);
}

/* ---- the shared one ---- */

_Static_assert(TOKENS_KEY == SHA256_BYTES, "the key of an entry");

static void
key_hash(struct auth_cache_key *key)
{
	const struct img_auth *auth = key->auth;
	const char *dot = NULL;

	if (key->dotted)
		dot = memrchr(key->text.p, '.', key->text.n);
	key->signed_bytes = dot != NULL ? (size_t)(dot - key->text.p) : 0;
	sha256_both(key->text, key->signed_bytes,
	    slice_make((const char *)auth->hash, sizeof(auth->hash)),
	    key->signed_hash, key->hash);
	key->hashed = true;
}

static struct tokens_key
shared_key(struct auth_cache_key *key)
{
	struct tokens_key out = { .version = key->version };

	if (!key->hashed)
		key_hash(key);
	memcpy(out.hash, key->hash, sizeof(out.hash));
	return out;
}

static struct identity *
shared_find(struct auth_cache *c, struct auth_cache_key *key, uint64_t hash)
{
	const struct region *r = c->env->region;
	struct tokens_key sought = shared_key(key);
	struct identity *id;
	int64_t until_s;
	size_t n;

	if (!tokens_find(r, &sought, env_now_s(), c->packed, &n, &until_s))
		return NULL;
	id = identity_unpack(slice_make(c->packed, n));
	if (id != NULL)
		private_keep(c, key, hash, id, until_s);
	return id;
}

static void
shared_keep(struct auth_cache *c, struct auth_cache_key *key,
    const struct identity *id, int64_t until_s)
{
	struct tokens_key of;
	size_t n = identity_pack(id, c->packed, sizeof(c->packed));

	if (id->expires_s < until_s)
		until_s = id->expires_s;
	if (n == 0)
		return;
	of = shared_key(key);
	tokens_put(c->env->region, c->env->slot, &of, until_s,
	    slice_make(c->packed, n));
}

/* ---- both ---- */

static bool
key_is_kept(const struct auth_cache_key *key)
{
	return (key->auth->cache != 0 || key->own) && key->text.n != 0 &&
	    key->text.n <= AUTH_CACHE_TEXT_MAX;
}

struct identity *
auth_cache_find(struct auth_cache *c, struct auth_cache_key *key)
{
	struct identity *id;
	uint64_t hash;

	if (!key_is_kept(key))
		return NULL;
	hash = key_place(c, key);
	id = private_find(c, key, hash);
	if (id != NULL) {
		env_count(c->env, COUNTER_AUTH_HITS, 1);
		return id;
	}
	id = key->own ? NULL : shared_find(c, key, hash);
	env_count(c->env,
	    id != NULL ? COUNTER_AUTH_HITS_SHARED : COUNTER_AUTH_MISSES, 1);
	return id;
}

void
auth_cache_keep(struct auth_cache *c, struct auth_cache_key *key,
    struct identity *id, int64_t until_s)
{
	if (!key_is_kept(key))
		return;
	private_keep(c, key, key_place(c, key), id, until_s);
	if (!key->own)
		shared_keep(c, key, id, until_s);
}
