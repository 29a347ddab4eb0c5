/*
 * jwk.c - see jwk.h.
 */
#include "common/jose/jwk.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/param_build.h>

#include "common/jose/base64url.h"
#include "common/jose/keyset_add.h"

/* Members that are strings, if they are there. */
enum member { KTY, USE, ALG, KID, CRV, N, E, X, Y, K, MEMBERS };

static const struct slice member_names[MEMBERS] = {
	[KTY] = SLICE_LIT("kty"),
	[USE] = SLICE_LIT("use"),
	[ALG] = SLICE_LIT("alg"),
	[KID] = SLICE_LIT("kid"),
	[CRV] = SLICE_LIT("crv"),
	[N] = SLICE_LIT("n"),
	[E] = SLICE_LIT("e"),
	[X] = SLICE_LIT("x"),
	[Y] = SLICE_LIT("y"),
	[K] = SLICE_LIT("k"),
};

static const struct slice private_names[] = { SLICE_LIT("d"), SLICE_LIT("p"),
	SLICE_LIT("q"), SLICE_LIT("dp"), SLICE_LIT("dq"), SLICE_LIT("qi"),
	SLICE_LIT("oth") };

struct members {
	struct json_value at[MEMBERS]; /* text.n 0: not there */
	struct json_value key_ops;
	bool is_private;
};

static enum jwk_result
wrong(struct jwk *k, const char *why)
{
	k->why = why;
	return JWK_WRONG;
}

static bool
is_there(const struct json_value *v)
{
	return v->text.n != 0;
}

static void
member_take(struct members *m, const struct json_value *name,
    const struct json_value *value)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (json_read_is(name, member_names[i]))
			m->at[i] = *value;
	if (json_read_is(name, SLICE_LIT("key_ops")))
		m->key_ops = *value;
	for (size_t i = 0; i < sizeof(private_names) / sizeof(struct slice);
	     i++)
		if (json_read_is(name, private_names[i]))
			m->is_private = true;
}

static void
members_take(struct members *m, const struct json_value *object)
{
	struct json_value name, value;
	size_t at = 0;

	*m = (struct members){ 0 };
	while (json_read_next_member(object, &at, &name, &value))
		member_take(m, &name, &value);
}

static bool
members_are_strings(const struct members *m)
{
	for (size_t i = 0; i < MEMBERS; i++)
		if (is_there(&m->at[i]) && m->at[i].kind != JSON_VALUE_STRING)
			return false;
	return true;
}

/* RFC 7517 4.3: strings, none of them twice. */
static bool
key_ops_read(const struct json_value *ops, bool *verify)
{
	struct json_value op, other;
	size_t at = 0, count = 0;

	if (ops->kind != JSON_VALUE_ARRAY)
		return false;
	while (json_read_next_element(ops, &at, &op)) {
		size_t in = at;
		char room[64];

		if (op.kind != JSON_VALUE_STRING || op.text.n > sizeof(room) ||
		    ++count > 16)
			return false;
		while (json_read_next_element(ops, &in, &other))
			if (json_read_is(&other, json_read_string(&op, room)))
				return false;
		*verify |= json_read_is(&op, SLICE_LIT("verify"));
	}
	return true;
}

/* What it is for (RFC 7517 4.2 to 4.5). */
static enum jwk_result
usage_read(struct jwk *k, const struct members *m)
{
	const struct json_value *use = &m->at[USE], *kid = &m->at[KID];
	bool verify = false;

	if (is_there(&m->key_ops)) {
		if (!key_ops_read(&m->key_ops, &verify))
			return wrong(k,
			    "has \"key_ops\" that are no list of "
			    "different words");
		if (!verify)
			return JWK_LEFT;
	}
	if (is_there(use) && !json_read_is(use, SLICE_LIT("sig")))
		return JWK_LEFT;
	if (kid->text.n > sizeof(k->kid_room))
		return wrong(k, "has a \"kid\" that is too long");
	if (is_there(kid))
		k->kid = json_read_string(kid, k->kid_room);
	return JWK_TAKEN;
}

/* Exactly n bytes. */
static bool
bytes_read(const struct json_value *v, uint8_t *out, size_t n)
{
	struct slice text = slice_make(v->text.p + 1, v->text.n - 2);
	size_t got;

	return is_there(v) && BASE64URL_BYTES(text.n) == n &&
	    base64url_decode(text, out, &got);
}

/* Of any length up to max. */
static bool
some_bytes_read(const struct json_value *v, uint8_t *out, size_t max, size_t *n)
{
	if (!is_there(v))
		return false;
	*n = BASE64URL_BYTES(v->text.n - 2);
	return *n != 0 && *n <= max && bytes_read(v, out, *n);
}

static bool
pkey_make(struct jwk *k, const char *type, OSSL_PARAM_BLD *bld)
{
	OSSL_PARAM *params = OSSL_PARAM_BLD_to_param(bld);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	bool made = params != NULL && ctx != NULL &&
	    EVP_PKEY_fromdata_init(ctx) == 1 &&
	    EVP_PKEY_fromdata(ctx, &k->pkey, EVP_PKEY_PUBLIC_KEY, params) == 1;

	EVP_PKEY_CTX_free(ctx);
	OSSL_PARAM_free(params);
	return made;
}

static bool
rsa_make(struct jwk *k, const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool made = bld != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_N, n) == 1 &&
	    OSSL_PARAM_BLD_push_BN(bld, OSSL_PKEY_PARAM_RSA_E, e) == 1 &&
	    pkey_make(k, "RSA", bld);

	OSSL_PARAM_BLD_free(bld);
	return made;
}

/* Leading zeros, which RFC 7518 2 does not want, change nothing here. */
static enum jwk_result
rsa_read(struct jwk *k, const struct members *m)
{
	uint8_t n[JOSE_RSA_BITS_MAX / 4], e[JOSE_RSA_BITS_MAX / 4];
	size_t n_len, e_len;
	BIGNUM *modulus, *exponent;
	bool made;

	if (m->at[N].text.n > BASE64URL_TEXT(sizeof(n)))
		return JWK_LEFT;
	if (!some_bytes_read(&m->at[N], n, sizeof(n), &n_len) ||
	    !some_bytes_read(&m->at[E], e, sizeof(e), &e_len))
		return wrong(k, "has no \"n\" and \"e\" in base64url");
	modulus = BN_bin2bn(n, (int)n_len, NULL);
	exponent = BN_bin2bn(e, (int)e_len, NULL);
	made = rsa_make(k, modulus, exponent);
	BN_free(modulus);
	BN_free(exponent);
	return made ? JWK_TAKEN : wrong(k, "is an RSA key that is none");
}

static const struct {
	struct slice crv;
	const char *group;
	size_t bytes; /* of a coordinate (RFC 7518 6.2.1.2) */
} curves[] = {
	{ SLICE_LIT("P-256"), "prime256v1", 32 },
	{ SLICE_LIT("P-384"), "secp384r1", 48 },
	{ SLICE_LIT("P-521"), "secp521r1", 66 },
};

static bool
ec_make(struct jwk *k, const char *group, const uint8_t *point, size_t n)
{
	OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
	bool made = bld != NULL &&
	    OSSL_PARAM_BLD_push_utf8_string(
		bld, OSSL_PKEY_PARAM_GROUP_NAME, group, 0) == 1 &&
	    OSSL_PARAM_BLD_push_octet_string(
		bld, OSSL_PKEY_PARAM_PUB_KEY, point, n) == 1 &&
	    pkey_make(k, "EC", bld);

	OSSL_PARAM_BLD_free(bld);
	return made;
}

static enum jwk_result
ec_read(struct jwk *k, const struct members *m)
{
	uint8_t point[1 + 2 * 66] = { POINT_CONVERSION_UNCOMPRESSED };
	size_t i = 0, n;

	if (!is_there(&m->at[CRV]))
		return wrong(k, "is an EC key without \"crv\"");
	while (i < 3 && !json_read_is(&m->at[CRV], curves[i].crv))
		i++;
	if (i == 3)
		return JWK_LEFT;
	n = curves[i].bytes;
	if (!bytes_read(&m->at[X], point + 1, n) ||
	    !bytes_read(&m->at[Y], point + 1 + n, n))
		return wrong(k,
		    "has no \"x\" and \"y\" of its curve's length "
		    "in base64url");
	return ec_make(k, curves[i].group, point, 1 + 2 * n)
	    ? JWK_TAKEN
	    : wrong(k, "is an EC key with a point that is not on its curve");
}

static enum jwk_result
okp_read(struct jwk *k, const struct members *m)
{
	uint8_t point[32];

	if (!is_there(&m->at[CRV]))
		return wrong(k, "is an OKP key without \"crv\"");
	if (!json_read_is(&m->at[CRV], SLICE_LIT("Ed25519")))
		return JWK_LEFT;
	if (!bytes_read(&m->at[X], point, sizeof(point)))
		return wrong(k, "has no \"x\" of 32 bytes in base64url");
	k->pkey = EVP_PKEY_new_raw_public_key(
	    EVP_PKEY_ED25519, NULL, point, sizeof(point));
	return k->pkey != NULL ? JWK_TAKEN
			       : wrong(k, "is an Ed25519 key that is none");
}

static enum jwk_result
oct_read(struct jwk *k, const struct members *m)
{
	size_t n;

	if (!some_bytes_read(&m->at[K], k->room, sizeof(k->room), &n))
		return wrong(k, "has no \"k\" in base64url");
	k->kind = JOSE_KEY_HMAC;
	k->secret = slice_make((const char *)k->room, n);
	k->algs = keyset_secret_algs(n);
	return k->algs != 0 ? JWK_TAKEN
			    : wrong(k, "is a secret of less than 32 bytes");
}

static enum jwk_result
form_read(struct jwk *k)
{
	switch (key_form(k->pkey, &k->kind, k->text)) {
	case KEY_FITS:
		k->algs = jose_key_algs(k->kind);
		return JWK_TAKEN;
	case KEY_UNFIT:
		return JWK_LEFT;
	case KEY_WRONG:
		break;
	}
	return wrong(k, k->text);
}

/* "alg" (RFC 7517 4.4) binds it to one; last, because it must fit. */
static enum jwk_result
alg_read(struct jwk *k, const struct members *m)
{
	const struct json_value *v = &m->at[ALG];
	enum jose_alg alg;
	char room[64];

	if (!is_there(v))
		return JWK_TAKEN;
	if (v->text.n > sizeof(room) ||
	    !jose_alg_find(json_read_string(v, room), &alg))
		return JWK_LEFT;
	k->algs &= 1u << alg;
	return k->algs != 0 ? JWK_TAKEN
			    : wrong(k, "has an \"alg\" that does not fit it");
}

static enum jwk_result
material_read(struct jwk *k, const struct members *m)
{
	const struct json_value *kty = &m->at[KTY];
	enum jwk_result result;

	if (json_read_is(kty, SLICE_LIT("oct")))
		return oct_read(k, m);
	if (json_read_is(kty, SLICE_LIT("RSA")))
		result = rsa_read(k, m);
	else if (json_read_is(kty, SLICE_LIT("EC")))
		result = ec_read(k, m);
	else
		result = okp_read(k, m);
	return result == JWK_TAKEN ? form_read(k) : result;
}

static enum jwk_result
all_read(struct jwk *k, const struct members *m, bool symmetric)
{
	const struct json_value *kty = &m->at[KTY];
	bool oct = json_read_is(kty, SLICE_LIT("oct"));
	enum jwk_result result;

	if (!oct && !json_read_is(kty, SLICE_LIT("RSA")) &&
	    !json_read_is(kty, SLICE_LIT("EC")) &&
	    !json_read_is(kty, SLICE_LIT("OKP")))
		return JWK_LEFT;
	if (oct && !symmetric)
		return JWK_LEFT;
	if (!oct && m->is_private)
		return wrong(k, "is a private key: others may have it, too");
	if (!members_are_strings(m))
		return wrong(k, "has a member that should be a string");
	result = usage_read(k, m);
	if (result == JWK_TAKEN)
		result = material_read(k, m);
	return result == JWK_TAKEN ? alg_read(k, m) : result;
}

enum jwk_result
jwk_read(struct jwk *k, const struct json_value *value, bool symmetric)
{
	struct members m;
	enum jwk_result result;

	k->pkey = NULL;
	k->kid = k->secret = SLICE_NONE;
	k->why = NULL;
	if (value->kind != JSON_VALUE_OBJECT)
		return wrong(k, "is no object");
	members_take(&m, value);
	if (m.at[KTY].kind != JSON_VALUE_STRING)
		return wrong(k, "has no \"kty\"");
	ERR_clear_error();
	result = all_read(k, &m, symmetric);
	ERR_clear_error();
	return result;
}

void
jwk_fini(struct jwk *k)
{
	EVP_PKEY_free(k->pkey);
	OPENSSL_cleanse(k->room, sizeof(k->room));
}
