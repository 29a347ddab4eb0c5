/*
 * keyring.c - see keyring.h. The file is in keyring_file.c.
 */
#include "master/keyring.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/jose/base64url.h"
#include "master/keyring_block.h"

/* Apart from slots of fetched keys: the type of an authenticator may change. */
#define SLOT_PREFIX "api_key "

void
keyring_make(char text[KEYRING_KEY], uint8_t sha256[32])
{
	uint8_t random[32];
	size_t n = sizeof(KEYRING_PREFIX) - 1;

	MUST(RAND_bytes(random, sizeof(random)) == 1);
	memcpy(text, KEYRING_PREFIX, n);
	n += base64url_encode(random, sizeof(random), text + n);
	MUST(n == KEYRING_KEY);
	MUST(EVP_Digest(text, n, sha256, NULL, EVP_sha256(), NULL) == 1);
	OPENSSL_cleanse(random, sizeof(random));
}

/* ---- slots ---- */

static void
slot_name(struct text *name, struct slice authenticator)
{
	text_init(name);
	text_add(name, SLICE_LIT(SLOT_PREFIX));
	text_add(name, authenticator);
}

uint32_t
keyring_slot(struct region *r, struct slice authenticator)
{
	struct text name;
	uint32_t slot;

	slot_name(&name, authenticator);
	slot = keysets_slot(r, text_slice(&name));
	text_fini(&name);
	return slot;
}

const struct holders *
keyring_block(const struct region *r, struct slice authenticator)
{
	struct text name;
	uint32_t slot;

	slot_name(&name, authenticator);
	slot = keysets_find(r, text_slice(&name));
	text_fini(&name);
	return slot != KEYSETS_NONE ? keyring_block_in(r, slot) : NULL;
}

const struct holders *
keyring_block_in(const struct region *r, uint32_t slot)
{
	uint64_t version;
	struct slice bytes = keysets_read(r, slot, &version);
	const struct holders *h = (const void *)bytes.p;

	return bytes.n >= sizeof(*h) && holders_check(h, bytes.n) ? h : NULL;
}

/* ---- blocks ---- */

void
keyring_at(const struct holders *h, uint32_t i, struct keyring_key *key)
{
	const struct holders_entry *e = &h->entry[i];

	memcpy(key->sha256, e->is.sha256, sizeof(key->sha256));
	key->name = holders_text(h, e->is.name);
	for (size_t c = 0; c < IMG_CLAIMS; c++)
		key->claims[c] = holders_text(h, e->is.claims[c]);
	key->expires_s = e->is.expires_s;
	key->made_s = e->made_s;
}

static struct img_str
block_add_text(struct text *block, struct slice s)
{
	struct img_str at = { (uint32_t)block->n, (uint32_t)s.n };

	text_add(block, s);
	return at;
}

static void
block_set_entry(struct text *block, uint32_t i, const struct keyring_key *key)
{
	struct holders_entry e = { 0 };

	memcpy(e.is.sha256, key->sha256, sizeof(e.is.sha256));
	e.is.name = block_add_text(block, key->name);
	for (size_t c = 0; c < IMG_CLAIMS; c++)
		e.is.claims[c] = block_add_text(block, key->claims[c]);
	e.is.expires_s = key->expires_s;
	e.made_s = key->made_s;
	memcpy(
	    block->p + sizeof(struct holders) + i * sizeof(e), &e, sizeof(e));
}

enum keyring_result
keyring_publish(struct region *r, struct slice authenticator,
    const struct keyring_key *const *keys, uint32_t count)
{
	struct holders head = { .magic = HOLDERS_MAGIC, .count = count };
	const struct holders_entry none = { 0 };
	uint32_t slot = keyring_slot(r, authenticator);
	struct text block;
	bool ok;

	text_init(&block);
	text_add(&block, slice_make((const char *)&head, sizeof(head)));
	for (uint32_t i = 0; i < count; i++)
		text_add(&block, slice_make((const char *)&none, sizeof(none)));
	head.authenticator = block_add_text(&block, authenticator);
	for (uint32_t i = 0; i < count; i++)
		block_set_entry(&block, i, keys[i]);
	head.bytes = (uint32_t)block.n;
	memcpy(block.p, &head, sizeof(head));
	ok = block.n <= HOLDERS_BYTES_MAX && slot != KEYSETS_NONE &&
	    keysets_publish(r, slot, text_slice(&block));
	text_fini(&block);
	return ok ? KEYRING_OK : KEYRING_NO_ROOM;
}

/* ---- changes ---- */

/* The keys of a block, and room for one more. To be freed. */
struct keyring_list {
	struct keyring_key *keys;
	const struct keyring_key **at;
	uint32_t count;
};

static void
list_init(struct keyring_list *l, const struct holders *h)
{
	uint32_t n = h != NULL ? h->count : 0;

	l->keys = calloc((size_t)n + 1, sizeof(*l->keys));
	l->at = calloc((size_t)n + 1, sizeof(*l->at));
	l->count = n;
	MUST(l->keys != NULL && l->at != NULL);
	for (uint32_t i = 0; i < n; i++) {
		keyring_at(h, i, &l->keys[i]);
		l->at[i] = &l->keys[i];
	}
}

static void
list_fini(struct keyring_list *l)
{
	free(l->keys);
	free(l->at);
}

/* Where it is, or belongs. */
static uint32_t
list_place(const struct keyring_list *l, const uint8_t sha256[32])
{
	uint32_t i = 0;

	while (i < l->count && memcmp(l->at[i]->sha256, sha256, 32) < 0)
		i++;
	return i;
}

enum keyring_result
keyring_add(
    struct region *r, struct slice authenticator, const struct keyring_key *key)
{
	const struct holders *h = keyring_block(r, authenticator);
	struct keyring_list l;
	enum keyring_result result;
	uint32_t i;

	if (h != NULL && holders_find(h, key->sha256) != NULL)
		return KEYRING_TWICE;
	if (h != NULL && h->count == HOLDERS_MAX)
		return KEYRING_FULL;
	list_init(&l, h);
	i = list_place(&l, key->sha256);
	memmove(&l.at[i + 1], &l.at[i], (l.count - i) * sizeof(l.at[0]));
	l.at[i] = key;
	result = keyring_publish(r, authenticator, l.at, l.count + 1);
	list_fini(&l);
	return result;
}

enum keyring_result
keyring_remove(
    struct region *r, struct slice authenticator, const uint8_t sha256[32])
{
	const struct holders *h = keyring_block(r, authenticator);
	struct keyring_list l;
	enum keyring_result result;
	uint32_t i;

	MUST(h != NULL && holders_find(h, sha256) != NULL);
	list_init(&l, h);
	i = list_place(&l, sha256);
	memmove(&l.at[i], &l.at[i + 1], (l.count - i - 1) * sizeof(l.at[0]));
	result = keyring_publish(r, authenticator, l.at, l.count - 1);
	list_fini(&l);
	return result;
}
