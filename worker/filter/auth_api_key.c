/*
 * auth_api_key.c - keys that are known by their SHA-256: those of the
 * configuration, and those that were added while the gateway runs (holders.h).
 *
 * To be found by its hash, a key has to be guessed whole: how long a search
 * takes says nothing about it.
 */
#include <openssl/evp.h>

#include "shm/holders.h"
#include "shm/keysets.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/authenticate.h"
#include "worker/filter/credentials.h"
#include "worker/flow/keys.h"

#define SHA256_BYTES 32

static enum auth_verdict
key_bad(struct auth_try *t, enum why why)
{
	t->why = why;
	return AUTH_BAD;
}

/* In the image, where they are in order. */
static const struct img_holder *
image_find_holder(const struct img_head *img, const struct img_auth *a,
    const uint8_t sha256[SHA256_BYTES])
{
	const struct img_holder *all = img_at(img, a->holders.off);
	uint32_t from = 0, to = a->holders.count;

	while (from < to) {
		uint32_t at = from + (to - from) / 2;
		int by = memcmp(all[at].sha256, sha256, SHA256_BYTES);

		if (by == 0)
			return &all[at];
		if (by < 0)
			from = at + 1;
		else
			to = at;
	}
	return NULL;
}

/* Among those that were added. */
static const struct holders *
slot_holders(const struct auth_try *t, uint64_t *version)
{
	*version = 0;
	return t->auth->slot != IMG_NONE
	    ? keys_holders(t->q->env->keys, t->auth->slot, version)
	    : NULL;
}

/* The holder of a key, and what its texts are offsets from. */
struct key_holder {
	const struct img_holder *is;
	const void *base;
	int64_t issued_s;
};

static bool
key_find(struct auth_try *t, struct slice text, struct key_holder *out,
    uint64_t *version)
{
	const struct holders *added = slot_holders(t, version);
	const struct holders_entry *entry;
	uint8_t sha256[SHA256_BYTES];
	size_t n;

	if (EVP_Q_digest(NULL, "SHA256", NULL, text.p, text.n, sha256, &n) != 1)
		return false;
	*out = (struct key_holder){ image_find_holder(
					t->q->image, t->auth, sha256),
		t->q->image, INT64_MIN };
	if (out->is != NULL)
		return true;
	entry = added != NULL ? holders_find(added, sha256) : NULL;
	if (entry != NULL)
		*out = (struct key_holder){ &entry->is, added, entry->made_s };
	return entry != NULL;
}

static enum auth_verdict
key_verify(struct auth_try *t, struct auth_cache_key *key)
{
	struct req *q = t->q;
	struct identity_parts parts = {
		.type = IMG_AUTH_API_KEY,
		.authenticator = img_slice(q->image, t->auth->name),
	};
	struct key_holder h;

	if (!key_find(t, key->text, &h, &key->version) ||
	    !auth_parts_holder(h.base, h.is, &parts))
		return key_bad(t, WHY_KEY_UNKNOWN);
	parts.issued_s = h.issued_s;
	t->identity = identity_new(&parts);
	if (t->identity == NULL)
		return key_bad(t, WHY_OVERLOADED);
	auth_cache_keep(q->env->auth_cache, key, t->identity, INT64_MAX);
	return AUTH_OK;
}

static enum auth_verdict
key_ask(struct auth_try *t)
{
	struct env *e = t->q->env;
	struct auth_cache_key key = { .auth = t->auth, .own = true };

	switch (credentials_find(t->q, t->auth, SLICE_NONE, &key.text, NULL)) {
	case CREDENTIALS_NONE:
		return AUTH_NONE;
	case CREDENTIALS_TWO:
		return key_bad(t, WHY_TWO_CREDENTIALS);
	case CREDENTIALS_BAD:
		return key_bad(t, WHY_KEY_UNKNOWN);
	case CREDENTIALS_FOUND:
		break;
	}
	if (t->auth->slot != IMG_NONE)
		key.version = keysets_version(e->region, t->auth->slot);
	t->identity = auth_cache_find(e->auth_cache, &key);
	return t->identity != NULL ? AUTH_OK : key_verify(t, &key);
}

const struct auth_ops auth_api_key = {
	.scheme = AUTH_SCHEME_API_KEY,
	.ask = key_ask,
	.strips = true,
};
