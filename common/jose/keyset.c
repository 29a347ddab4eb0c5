/*
 * keyset.c - the block, and what makes it. Public keys are read in
 * keyset_public.c, JWK Sets in keyset_jwks.c.
 */
#include "common/jose/keyset.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/jose/jws.h"
#include "common/jose/key_form.h"
#include "common/jose/keyset_add.h"

/* What is left for ids and keys when every key is there. */
#define TEXT_BYTES_MAX                              \
	(KEYSET_BYTES_MAX - sizeof(struct keyset) - \
	    KEYSET_KEYS_MAX * sizeof(struct keyset_key))

/* It never grows, so that no copy of a secret is left behind. */
void
keyset_build_init(struct keyset_build *b)
{
	b->count = 0;
	b->why[0] = '\0';
	b->bytes = (struct text){ .p = malloc(TEXT_BYTES_MAX),
		.room = TEXT_BYTES_MAX };
	MUST(b->bytes.p != NULL);
}

void
keyset_build_fini(struct keyset_build *b)
{
	OPENSSL_cleanse(b->bytes.p, b->bytes.n);
	text_fini(&b->bytes);
}

const char *
keyset_say(struct keyset_build *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(b->why, sizeof(b->why), fmt, ap);
	va_end(ap);
	return b->why;
}

static bool
has_control(struct slice s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
			return true;
	return false;
}

static bool
kid_is_taken(const struct keyset_build *b, enum jose_key kind, struct slice kid)
{
	for (uint32_t i = 0; i < b->count; i++) {
		const struct keyset_key *k = &b->keys[i];

		if (k->kind == (uint32_t)kind &&
		    slice_eq(slice_make(b->bytes.p + k->kid, k->kid_len), kid))
			return true;
	}
	return false;
}

static const char *
add_check(struct keyset_build *b, enum jose_key kind, struct slice kid,
    uint32_t algs, struct slice bytes)
{
	if (kid.n > JWS_KID_MAX || has_control(kid))
		return keyset_say(b,
		    "has an id of more than %d bytes or with a control "
		    "character",
		    JWS_KID_MAX);
	if (kid.n != 0 && kid_is_taken(b, kind, kid))
		return keyset_say(b, "has the id of another key of its kind");
	if (algs == 0)
		return keyset_say(b,
		    "is a key for %s, which none of the algorithms goes with",
		    key_kind_name(kind));
	if (b->count == KEYSET_KEYS_MAX)
		return keyset_say(b,
		    "is one more than %d keys: they are the "
		    "most",
		    KEYSET_KEYS_MAX);
	if (kid.n + bytes.n > b->bytes.room - b->bytes.n)
		return keyset_say(b, "is more than a set of keys can hold");
	return NULL;
}

/* What a cache may go by: all that verify.h makes use of. */
static bool
key_hash(const struct keyset_key *k, struct slice bytes, uint8_t hash[32])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool made = ctx != NULL &&
	    EVP_DigestInit_ex(ctx, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(ctx, &k->kind, sizeof(k->kind)) == 1 &&
	    EVP_DigestUpdate(ctx, &k->algs, sizeof(k->algs)) == 1 &&
	    EVP_DigestUpdate(ctx, bytes.p, bytes.n) == 1 &&
	    EVP_DigestFinal_ex(ctx, hash, NULL) == 1;

	EVP_MD_CTX_free(ctx);
	return made;
}

const char *
keyset_add(struct keyset_build *b, enum jose_key kind, struct slice kid,
    uint32_t algs, struct slice bytes)
{
	const char *why = add_check(b, kind, kid, algs, bytes);
	struct keyset_key *k = &b->keys[b->count];

	if (why != NULL)
		return why;
	*k = (struct keyset_key){
		.kind = (uint32_t)kind,
		.algs = algs,
		.kid = (uint32_t)b->bytes.n,
		.kid_len = (uint32_t)kid.n,
		.at = (uint32_t)(b->bytes.n + kid.n),
		.len = (uint32_t)bytes.n,
	};
	MUST(key_hash(k, bytes, k->hash));
	text_add(&b->bytes, kid);
	text_add(&b->bytes, bytes);
	b->count++;
	return NULL;
}

const char *
keyset_add_pkey(struct keyset_build *b, enum jose_key kind, struct slice kid,
    uint32_t algs, EVP_PKEY *pkey)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(pkey, &der);
	const char *why;

	if (n <= 0)
		return keyset_say(b, "is a key that cannot be written down");
	why =
	    keyset_add(b, kind, kid, algs, slice_make((char *)der, (size_t)n));
	OPENSSL_free(der);
	return why;
}

/* RFC 7518 3.2: no shorter than the hash. */
uint32_t
keyset_secret_algs(size_t n)
{
	uint32_t algs = 0;

	if (n >= JOSE_HMAC_BYTES_MIN)
		algs |= 1u << JOSE_HS256;
	if (n >= 48)
		algs |= 1u << JOSE_HS384;
	if (n >= 64)
		algs |= 1u << JOSE_HS512;
	return algs;
}

const char *
keyset_add_secret(struct keyset_build *b, struct slice kid, uint32_t algs,
    struct slice secret)
{
	uint32_t all = jose_key_algs(JOSE_KEY_HMAC);
	uint32_t fit = keyset_secret_algs(secret.n);

	if (fit == 0)
		return keyset_say(b,
		    "is a secret of %zu bytes: %d are the least", secret.n,
		    JOSE_HMAC_BYTES_MIN);
	/* Whoever has the public key could sign (RFC 8725 2.1). */
	if (key_is_pem(secret))
		return keyset_say(b, "is a key in PEM, and no secret");
	if (algs != 0 && (algs & all) != 0 && (algs & fit) == 0)
		return keyset_say(b,
		    "is a secret of %zu bytes: HS384 needs 48, HS512 64",
		    secret.n);
	return keyset_add(
	    b, JOSE_KEY_HMAC, kid, algs != 0 ? algs & fit : fit, secret);
}

struct keyset *
keyset_make(const struct keyset_build *b)
{
	size_t head =
	    sizeof(struct keyset) + b->count * sizeof(struct keyset_key);
	struct keyset *s = calloc(1, head + b->bytes.n);
	size_t behind = head + b->bytes.n - sizeof(struct keyset);

	MUST(s != NULL);
	s->magic = KEYSET_MAGIC;
	s->bytes = (uint32_t)(head + b->bytes.n);
	s->count = b->count;
	for (uint32_t i = 0; i < b->count; i++) {
		s->key[i] = b->keys[i];
		s->key[i].kid += (uint32_t)head;
		s->key[i].at += (uint32_t)head;
	}
	memcpy((char *)s + head, b->bytes.p, b->bytes.n);
	MUST(
	    EVP_Digest(s->key, behind, s->hash, NULL, EVP_sha256(), NULL) == 1);
	return s;
}

void
keyset_free(struct keyset *s)
{
	if (s != NULL)
		OPENSSL_cleanse(s, s->bytes);
	free(s);
}

static bool
is_within(uint32_t at, uint32_t n, size_t head, uint32_t bytes)
{
	return at >= head && at <= bytes && n <= bytes - at;
}

static bool
key_check(const struct keyset *s, const struct keyset_key *k, size_t head)
{
	uint32_t fit = k->kind <= JOSE_KEY_ED25519
	    ? jose_key_algs((enum jose_key)k->kind)
	    : 0;

	return k->algs != 0 && (k->algs & ~fit) == 0 &&
	    k->kid_len <= JWS_KID_MAX &&
	    is_within(k->kid, k->kid_len, head, s->bytes) &&
	    is_within(k->at, k->len, head, s->bytes);
}

bool
keyset_check(const struct keyset *s, size_t n)
{
	size_t head;

	if (n < sizeof(*s) || s->magic != KEYSET_MAGIC || s->bytes > n ||
	    s->count > KEYSET_KEYS_MAX)
		return false;
	head = sizeof(*s) + s->count * sizeof(s->key[0]);
	if (head > s->bytes)
		return false;
	for (uint32_t i = 0; i < s->count; i++)
		if (!key_check(s, &s->key[i], head))
			return false;
	return true;
}
