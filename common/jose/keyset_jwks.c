/*
 * keyset_jwks.c - JWK Sets (RFC 7517 5), read and written.
 */
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/x509.h>

#include "common/base/json.h"
#include "common/base/must.h"
#include "common/jose/base64url.h"
#include "common/jose/jwk.h"
#include "common/jose/keyset_add.h"

/* Adds it, or leaves it out. NULL, or what is wrong with it. */
static const char *
key_take(struct keyset_build *b, struct jwk *k, uint32_t algs, bool *left)
{
	uint32_t fit = algs != 0 ? k->algs & algs : k->algs;

	*left = fit == 0;
	if (fit == 0)
		return NULL;
	if (k->pkey != NULL)
		return keyset_add_pkey(b, k->kind, k->kid, fit, k->pkey);
	return keyset_add_secret(b, k->kid, fit, k->secret);
}

static const char *
key_read(struct keyset_build *b, const struct json_value *value, uint32_t algs,
    bool symmetric, bool *left)
{
	const char *why = NULL;
	struct jwk k;

	switch (jwk_read(&k, value, symmetric)) {
	case JWK_TAKEN:
		why = key_take(b, &k, algs, left);
		break;
	case JWK_LEFT:
		*left = true;
		break;
	case JWK_WRONG:
		why = keyset_say(b, "%s", k.why);
		break;
	}
	jwk_fini(&k);
	return why;
}

static const char *
keys_read(struct keyset_build *b, const struct json_value *keys, uint32_t algs,
    bool symmetric, uint32_t *skipped)
{
	struct json_value value;
	size_t at = 0;

	for (uint32_t i = 1; json_read_next_element(keys, &at, &value); i++) {
		char why[sizeof(b->why)];
		bool left = false;

		if (key_read(b, &value, algs, symmetric, &left) != NULL) {
			memcpy(why, b->why, sizeof(why));
			return keyset_say(
			    b, "has a key, number %u, that %.120s", i, why);
		}
		*skipped += left;
	}
	return NULL;
}

const char *
keyset_add_jwks(struct keyset_build *b, struct slice text, uint32_t algs,
    bool symmetric, uint32_t *skipped)
{
	uint32_t count = b->count;
	size_t bytes = b->bytes.n;
	struct json_value all, keys;
	const char *why;

	*skipped = 0;
	if (text.n > KEYSET_BYTES_MAX)
		return keyset_say(b, "is too large for a JWK Set");
	if (!json_read_check(text, &all))
		return keyset_say(b, "is not JSON of the strict kind");
	if (all.kind != JSON_VALUE_OBJECT ||
	    !json_read_member(&all, SLICE_LIT("keys"), &keys) ||
	    keys.kind != JSON_VALUE_ARRAY)
		return keyset_say(b, "is no JWK Set: it has no list \"keys\"");
	why = keys_read(b, &keys, algs, symmetric, skipped);
	if (why == NULL && b->count == count)
		why = keyset_say(b,
		    "has no key that can be used here (%u were left out)",
		    *skipped);
	if (why == NULL)
		return NULL;
	OPENSSL_cleanse(b->bytes.p + bytes, b->bytes.n - bytes);
	b->bytes.n = bytes;
	b->count = count;
	return why;
}

/* ---- written ---- */

static void
bytes_write(struct json *j, const char *name, const uint8_t *bytes, size_t n)
{
	char text[BASE64URL_TEXT(JOSE_RSA_BITS_MAX / 8)];

	MUST(n <= JOSE_RSA_BITS_MAX / 8);
	json_add_string(
	    j, name, slice_make(text, base64url_encode(bytes, n, text)));
}

/* Of `size` bytes; 0: as few as it takes. */
static void
number_write(struct json *j, const char *name, EVP_PKEY *pkey,
    const char *param, int size)
{
	uint8_t bytes[JOSE_RSA_BITS_MAX / 8];
	BIGNUM *n = NULL;

	MUST(EVP_PKEY_get_bn_param(pkey, param, &n) == 1);
	if (size == 0)
		size = BN_num_bytes(n);
	MUST(
	    size <= (int)sizeof(bytes) && BN_bn2binpad(n, bytes, size) == size);
	bytes_write(j, name, bytes, (size_t)size);
	BN_free(n);
}

static void
rsa_write(struct json *j, EVP_PKEY *pkey)
{
	json_add_string(j, "kty", SLICE_LIT("RSA"));
	number_write(j, "n", pkey, OSSL_PKEY_PARAM_RSA_N, 0);
	number_write(j, "e", pkey, OSSL_PKEY_PARAM_RSA_E, 0);
}

static void
ec_write(struct json *j, enum jose_key kind, EVP_PKEY *pkey)
{
	int size = (EVP_PKEY_get_bits(pkey) + 7) / 8;

	json_add_string(j, "kty", SLICE_LIT("EC"));
	json_add_string(j, "crv", slice_str(key_kind_name(kind)));
	number_write(j, "x", pkey, OSSL_PKEY_PARAM_EC_PUB_X, size);
	number_write(j, "y", pkey, OSSL_PKEY_PARAM_EC_PUB_Y, size);
}

static void
okp_write(struct json *j, enum jose_key kind, EVP_PKEY *pkey)
{
	uint8_t point[32];
	size_t n = sizeof(point);

	MUST(EVP_PKEY_get_raw_public_key(pkey, point, &n) == 1);
	json_add_string(j, "kty", SLICE_LIT("OKP"));
	json_add_string(j, "crv", slice_str(key_kind_name(kind)));
	bytes_write(j, "x", point, n);
}

static void
material_write(struct json *j, enum jose_key kind, EVP_PKEY *pkey)
{
	switch (kind) {
	case JOSE_KEY_HMAC:
		break;
	case JOSE_KEY_RSA:
		rsa_write(j, pkey);
		break;
	case JOSE_KEY_P256:
	case JOSE_KEY_P384:
	case JOSE_KEY_P521:
		ec_write(j, kind, pkey);
		break;
	case JOSE_KEY_ED25519:
		okp_write(j, kind, pkey);
		break;
	}
}

static void
key_write(struct json *j, const struct keyset *s, const struct keyset_key *k)
{
	struct slice der = keyset_bytes(s, k);
	const unsigned char *p = (const unsigned char *)der.p;
	EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)der.n);

	if (pkey == NULL)
		return;
	json_object_begin(j, NULL);
	if (k->kid_len != 0)
		json_add_string(j, "kid", keyset_kid(s, k));
	json_add_string(j, "use", SLICE_LIT("sig"));
	if ((k->algs & (k->algs - 1)) == 0)
		json_add_string(j, "alg",
		    jose_alg_name((enum jose_alg)__builtin_ctz(k->algs)));
	material_write(j, (enum jose_key)k->kind, pkey);
	json_object_end(j);
	EVP_PKEY_free(pkey);
}

void
keyset_write_jwks(const struct keyset *s, struct text *out)
{
	struct json j;

	json_init(&j, out);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "keys");
	for (uint32_t i = 0; i < s->count; i++)
		if (s->key[i].kind != JOSE_KEY_HMAC)
			key_write(&j, s, &s->key[i]);
	json_array_end(&j);
	json_object_end(&j);
}
