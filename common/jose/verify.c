/*
 * verify.c - see verify.h.
 *
 * What can be made once is made once: for RSA what rsa_check.h wants, for the
 * rest, on first use, a context per algorithm, bound to its key, digest and
 * padding. OpenSSL finds a context that is initialised usable any number of
 * times (EVP_PKEY_verify(3)).
 */
#include "common/jose/verify.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <stdlib.h>

#include "common/jose/key_form.h"
#include "common/jose/keyset_add.h"
#include "common/jose/rsa_check.h"
#include "common/jose/sha.h"

/* What an algorithm does with its key. */
enum family { HMAC, RSA_PKCS1, RSA_PSS, ECDSA, ED25519 };

#define FAMILY_HMAC HMAC
#define FAMILY_RSA RSA_PKCS1
#define FAMILY_PSS RSA_PSS
#define FAMILY_P256 ECDSA
#define FAMILY_P384 ECDSA
#define FAMILY_P521 ECDSA
#define FAMILY_ED25519 ED25519

#define NONE_BYTES 0

static const struct {
	enum family family;
	const char *hash;
	size_t hash_bytes;
	size_t size; /* 0: the key's modulus */
} rules[] = {
#define JOSE(ID, name, family, hash, size) \
	[JOSE_##ID] = { FAMILY_##family, #hash, hash##_BYTES, size },
#include "common/jose/jose.def"
};

struct verify_key {
	enum jose_key kind;
	uint32_t algs;
	EVP_PKEY *pkey; /* NULL: a secret */
	char *secret;
	size_t secret_n;
	EVP_MD_CTX *digest;    /* of Ed25519, used anew for each token */
	struct rsa_check *rsa; /* NULL: see rsa_check_new */
	/* Of algorithms that were met; one of the two. */
	EVP_PKEY_CTX *ctx[JOSE_COUNT];
	EVP_MAC_CTX *mac[JOSE_COUNT];
	EVP_MD *md[JOSE_COUNT];
};

/* ---- keys ---- */

static bool
secret_take(struct verify_key *v, struct slice secret)
{
	v->secret = malloc(secret.n != 0 ? secret.n : 1);
	if (v->secret == NULL)
		return false;
	memcpy(v->secret, secret.p, secret.n);
	v->secret_n = secret.n;
	v->algs &= keyset_secret_algs(secret.n);
	return v->algs != 0;
}

/*
 * Whoever wrote the set has looked at it; that it is of its kind is asked once
 * more, because all else rests on it.
 */
static bool
public_take(struct verify_key *v, struct slice der)
{
	const unsigned char *p = (const unsigned char *)der.p;
	char why[KEY_WHY_BYTES];
	enum jose_key kind;

	v->pkey = d2i_PUBKEY(NULL, &p, (long)der.n);
	if (v->pkey == NULL || key_form(v->pkey, &kind, why) != KEY_FITS ||
	    kind != v->kind)
		return false;
	if (kind == JOSE_KEY_RSA)
		v->rsa = rsa_check_new(v->pkey);
	return true;
}

static bool
key_take(
    struct verify_key *v, const struct keyset *s, const struct keyset_key *k)
{
	struct slice bytes = keyset_bytes(s, k);

	v->kind = (enum jose_key)k->kind;
	v->algs = k->algs & jose_key_algs(v->kind);
	v->digest = EVP_MD_CTX_new();
	if (v->algs == 0 || v->digest == NULL)
		return false;
	return v->kind == JOSE_KEY_HMAC ? secret_take(v, bytes)
					: public_take(v, bytes);
}

struct verify_key *
verify_key_new(const struct keyset *s, const struct keyset_key *k)
{
	struct verify_key *v = calloc(1, sizeof(*v));

	if (v == NULL)
		return NULL;
	if (!key_take(v, s, k)) {
		verify_key_free(v);
		v = NULL;
	}
	/* TLS shares the queue, and takes what is in it for its own. */
	ERR_clear_error();
	return v;
}

void
verify_key_free(struct verify_key *v)
{
	if (v == NULL)
		return;
	for (int i = 0; i < JOSE_COUNT; i++) {
		EVP_PKEY_CTX_free(v->ctx[i]);
		EVP_MAC_CTX_free(v->mac[i]);
		EVP_MD_free(v->md[i]);
	}
	EVP_MD_CTX_free(v->digest);
	rsa_check_free(v->rsa);
	EVP_PKEY_free(v->pkey);
	if (v->secret != NULL)
		OPENSSL_cleanse(v->secret, v->secret_n);
	free(v->secret);
	free(v);
}

/* ---- HMAC ---- */

static EVP_MAC_CTX *
mac_make(const struct verify_key *v, const char *hash)
{
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	char name[16] = { 0 };
	OSSL_PARAM params[2];

	memcpy(name, hash, strlen(hash));
	params[0] =
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0);
	params[1] = OSSL_PARAM_construct_end();
	EVP_MAC_free(mac);
	if (ctx == NULL)
		return NULL;
	if (EVP_MAC_init(ctx, (const unsigned char *)v->secret, v->secret_n,
		params) != 1) {
		EVP_MAC_CTX_free(ctx);
		return NULL;
	}
	return ctx;
}

static bool
hmac_verify(struct verify_key *v, const struct jws *t)
{
	EVP_MAC_CTX **ctx = &v->mac[t->alg];
	unsigned char made[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (*ctx == NULL)
		*ctx = mac_make(v, rules[t->alg].hash);
	/* No key: the one that it has, from its start. */
	return *ctx != NULL && EVP_MAC_init(*ctx, NULL, 0, NULL) == 1 &&
	    EVP_MAC_update(
		*ctx, (const unsigned char *)t->input.p, t->input.n) == 1 &&
	    EVP_MAC_final(*ctx, made, &n, sizeof(made)) == 1 &&
	    n == t->signature.n && CRYPTO_memcmp(made, t->signature.p, n) == 0;
}

/* ---- RSA and ECDSA ---- */

static bool
padding_set(EVP_PKEY_CTX *ctx, enum family family, const EVP_MD *md)
{
	switch (family) {
	case RSA_PKCS1:
		return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) ==
		    1;
	case RSA_PSS: /* RFC 7518 3.5 */
		return EVP_PKEY_CTX_set_rsa_padding(
			   ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
		    EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, md) == 1 &&
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(
			ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
	case ECDSA:
		return true;
	case HMAC:
	case ED25519:
		break;
	}
	return false;
}

static bool
ctx_make(struct verify_key *v, enum jose_alg alg)
{
	EVP_MD *md = EVP_MD_fetch(NULL, rules[alg].hash, NULL);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(v->pkey, NULL);

	if (md == NULL || ctx == NULL || EVP_PKEY_verify_init(ctx) != 1 ||
	    !padding_set(ctx, rules[alg].family, md) ||
	    EVP_PKEY_CTX_set_signature_md(ctx, md) != 1) {
		EVP_PKEY_CTX_free(ctx);
		EVP_MD_free(md);
		return false;
	}
	v->md[alg] = md;
	v->ctx[alg] = ctx;
	return true;
}

/* Of what is signed: as it came with the token, or made in room. */
static const uint8_t *
digest_of(const struct jws *t, uint8_t *room)
{
	size_t bytes = rules[t->alg].hash_bytes;

	if (bytes == SHA256_BYTES && t->sha256 != NULL)
		return t->sha256;
	sha_digest(bytes, t->input, room);
	return room;
}

static bool
digest_verify(
    struct verify_key *v, const struct jws *t, const uint8_t *sig, size_t n)
{
	uint8_t room[SHA512_BYTES];

	if (v->ctx[t->alg] == NULL && !ctx_make(v, t->alg))
		return false;
	return EVP_PKEY_verify(v->ctx[t->alg], sig, n, digest_of(t, room),
		   rules[t->alg].hash_bytes) == 1;
}

static bool
pkcs1_verify(struct verify_key *v, const struct jws *t)
{
	uint8_t room[SHA512_BYTES];

	return rsa_check_verify(
	    v->rsa, t->signature, digest_of(t, room), rules[t->alg].hash_bytes);
}

static bool
rsa_verify(struct verify_key *v, const struct jws *t)
{
	return t->signature.n == (size_t)EVP_PKEY_get_size(v->pkey) &&
	    digest_verify(
		v, t, (const uint8_t *)t->signature.p, t->signature.n);
}

/* INTEGER of DER: no zeros in front but one for the sign. */
static size_t
integer_write(uint8_t *out, const uint8_t *number, size_t n)
{
	uint8_t *p = out;

	while (n > 1 && *number == 0) {
		number++;
		n--;
	}
	*p++ = 0x02;
	*p++ = (uint8_t)(n + (*number >> 7));
	if (*number >> 7)
		*p++ = 0;
	memcpy(p, number, n);
	return (size_t)(p - out) + n;
}

/* SEQUENCE { r, s }: at most 3 + 2 * (3 + 66) bytes. */
#define ECDSA_DER_MAX 141

/* r and s behind each other, each of its curve's length (RFC 7518 3.4). */
static bool
ecdsa_verify(struct verify_key *v, const struct jws *t)
{
	const uint8_t *raw = (const uint8_t *)t->signature.p;
	size_t half = rules[t->alg].size / 2, n;
	uint8_t der[ECDSA_DER_MAX], *start = der + 3;

	n = integer_write(start, raw, half);
	n += integer_write(start + n, raw + half, half);
	*--start = (uint8_t)n;
	if (n > 0x7f)
		*--start = 0x81;
	*--start = 0x30;
	return digest_verify(v, t, start, n + (size_t)(der + 3 - start));
}

/* ---- Ed25519 ---- */

static bool
ed25519_verify(struct verify_key *v, const struct jws *t)
{
	return EVP_MD_CTX_reset(v->digest) == 1 &&
	    EVP_DigestVerifyInit(v->digest, NULL, NULL, NULL, v->pkey) == 1 &&
	    EVP_DigestVerify(v->digest, (const unsigned char *)t->signature.p,
		t->signature.n, (const unsigned char *)t->input.p,
		t->input.n) == 1;
}

/* ---- all ---- */

static bool
family_verify(struct verify_key *v, const struct jws *t)
{
	switch (rules[t->alg].family) {
	case HMAC:
		return hmac_verify(v, t);
	case RSA_PKCS1:
		return v->rsa != NULL ? pkcs1_verify(v, t) : rsa_verify(v, t);
	case RSA_PSS:
		return rsa_verify(v, t);
	case ECDSA:
		return ecdsa_verify(v, t);
	case ED25519:
		return ed25519_verify(v, t);
	}
	return false;
}

bool
verify_token(struct verify_key *v, const struct jws *t)
{
	size_t size;

	if ((uint32_t)t->alg >= JOSE_COUNT || (v->algs & 1u << t->alg) == 0)
		return false;
	size = rules[t->alg].size;
	if (size != 0 && t->signature.n != size)
		return false;
	if (family_verify(v, t))
		return true;
	ERR_clear_error();
	return false;
}
