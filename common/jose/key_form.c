/*
 * key_form.c - see key_form.h.
 */
#include "common/jose/key_form.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdio.h>

/*
 * An exponent may be as large as the modulus, and makes each signature as slow
 * as a private operation; real ones have 17 bits.
 */
#define EXPONENT_BITS_MAX 64

__attribute__((format(printf, 3, 4))) static enum key_form
say(enum key_form form, char *why, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(why, KEY_WHY_BYTES, fmt, ap);
	va_end(ap);
	return form;
}

const char *
key_kind_name(enum jose_key kind)
{
	switch (kind) {
	case JOSE_KEY_HMAC:
		return "HMAC";
	case JOSE_KEY_RSA:
		return "RSA";
	case JOSE_KEY_P256:
		return "P-256";
	case JOSE_KEY_P384:
		return "P-384";
	case JOSE_KEY_P521:
		return "P-521";
	case JOSE_KEY_ED25519:
		return "Ed25519";
	}
	return "?";
}

static enum key_form
rsa_exponent_form(const BIGNUM *e, char *why)
{
	if (!BN_is_odd(e) || BN_is_one(e))
		return say(KEY_WRONG, why,
		    "is an RSA key with an exponent that is even or 1");
	if (BN_num_bits(e) > EXPONENT_BITS_MAX)
		return say(KEY_UNFIT, why,
		    "is an RSA key with an exponent of %d bits: %d are the "
		    "most",
		    BN_num_bits(e), EXPONENT_BITS_MAX);
	return KEY_FITS;
}

static enum key_form
rsa_form(EVP_PKEY *pkey, char *why)
{
	int bits = EVP_PKEY_get_bits(pkey);
	BIGNUM *n = NULL, *e = NULL;
	enum key_form form = KEY_WRONG;

	if (bits < JOSE_RSA_BITS_MIN)
		return say(KEY_UNFIT, why,
		    "is an RSA key of %d bits: %d are the least", bits,
		    JOSE_RSA_BITS_MIN);
	if (bits > JOSE_RSA_BITS_MAX)
		return say(KEY_UNFIT, why,
		    "is an RSA key of %d bits: %d are the most", bits,
		    JOSE_RSA_BITS_MAX);
	if (!EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &n) ||
	    !EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e))
		(void)say(form, why, "is an RSA key that cannot be read");
	else if (!BN_is_odd(n))
		(void)say(form, why, "is an RSA key with an even modulus");
	else
		form = rsa_exponent_form(e, why);
	BN_free(n);
	BN_free(e);
	return form;
}

static const struct {
	const char *group;
	enum jose_key kind;
} curves[] = {
	{ "prime256v1", JOSE_KEY_P256 },
	{ "secp384r1", JOSE_KEY_P384 },
	{ "secp521r1", JOSE_KEY_P521 },
};

static bool
curve_find(const char *group, enum jose_key *kind)
{
	for (size_t i = 0; i < sizeof(curves) / sizeof(curves[0]); i++) {
		if (strcmp(group, curves[i].group) != 0)
			continue;
		*kind = curves[i].kind;
		return true;
	}
	return false;
}

static bool
point_is_on_curve(EVP_PKEY *pkey)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	bool on = ctx != NULL && EVP_PKEY_public_check(ctx) == 1;

	EVP_PKEY_CTX_free(ctx);
	return on;
}

static enum key_form
ec_form(EVP_PKEY *pkey, enum jose_key *kind, char *why)
{
	char group[64], encoding[64];

	/* A curve that comes with its own parameters may be any curve. */
	if (EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING,
		encoding, sizeof(encoding), NULL) != 1 ||
	    strcmp(encoding, OSSL_PKEY_EC_ENCODING_GROUP) != 0)
		return say(KEY_WRONG, why,
		    "is an EC key that does not name its curve");
	if (EVP_PKEY_get_group_name(pkey, group, sizeof(group), NULL) != 1)
		return say(
		    KEY_WRONG, why, "is an EC key of a curve without a name");
	if (!curve_find(group, kind))
		return say(KEY_UNFIT, why,
		    "is an EC key of the curve %s, which no algorithm goes "
		    "with",
		    group);
	if (!point_is_on_curve(pkey))
		return say(KEY_WRONG, why,
		    "is an EC key with a point that is not on its curve");
	return KEY_FITS;
}

/*
 * Points of small order, and the one that zeroed memory is: signatures for them
 * need no private key. Without the sign, which is the top bit.
 */
static bool
ed25519_is_small(const uint8_t p[32])
{
	static const uint8_t points[][32] = {
		{ 0 },
		{ 1 },
		{ 0x26, 0xe8, 0x95, 0x8f, 0xc2, 0xb2, 0x27, 0xb0, 0x45, 0xc3,
		    0xf4, 0x89, 0xf2, 0xef, 0x98, 0xf0, 0xd5, 0xdf, 0xac, 0x05,
		    0xd3, 0xc6, 0x33, 0x39, 0xb1, 0x38, 0x02, 0x88, 0x6d, 0x53,
		    0xfc, 0x05 },
		{ 0xc7, 0x17, 0x6a, 0x70, 0x3d, 0x4d, 0xd8, 0x4f, 0xba, 0x3c,
		    0x0b, 0x76, 0x0d, 0x10, 0x67, 0x0f, 0x2a, 0x20, 0x53, 0xfa,
		    0x2c, 0x39, 0xcc, 0xc6, 0x4e, 0xc7, 0xfd, 0x77, 0x92, 0xac,
		    0x03, 0x7a },
	};
	uint8_t high = 0xff;

	for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++)
		if (memcmp(p, points[i], 31) == 0 &&
		    (p[31] & 0x7f) == points[i][31])
			return true;
	/* p - 1, and what is p or more: 0 and 1 once again, not canonical. */
	for (size_t i = 1; i < 31; i++)
		high &= p[i];
	return high == 0xff && (p[31] & 0x7f) == 0x7f && p[0] >= 0xec;
}

static enum key_form
ed25519_form(EVP_PKEY *pkey, char *why)
{
	uint8_t point[32];
	size_t n = sizeof(point);

	if (EVP_PKEY_get_raw_public_key(pkey, point, &n) != 1 ||
	    n != sizeof(point))
		return say(
		    KEY_WRONG, why, "is an Ed25519 key that cannot be read");
	if (ed25519_is_small(point))
		return say(KEY_WRONG, why,
		    "is an Ed25519 key with a point of small order");
	return KEY_FITS;
}

enum key_form
key_form(EVP_PKEY *pkey, enum jose_key *kind, char why[KEY_WHY_BYTES])
{
	switch (EVP_PKEY_get_base_id(pkey)) {
	case EVP_PKEY_RSA:
		*kind = JOSE_KEY_RSA;
		return rsa_form(pkey, why);
	case EVP_PKEY_EC:
		return ec_form(pkey, kind, why);
	case EVP_PKEY_ED25519:
		*kind = JOSE_KEY_ED25519;
		return ed25519_form(pkey, why);
	default:
		return say(KEY_UNFIT, why,
		    "is a key of a kind that no algorithm goes with");
	}
}
