/*
 * rsa_check.c - see rsa_check.h.
 *
 * What the signature must turn into is written, not read: all of the modulus'
 * length is compared, and no padding is parsed (RFC 8017 8.2.2 step 3).
 *
 *	s^65537  =  s^65536 * s		16 squarings, a product
 *
 * The products of Montgomery's lose a factor R each time. The signature is not
 * brought into that form first; a constant of the key, R^65537, makes up for
 * all of it at the end. Nothing here is secret, and takes its time accordingly.
 */
#include "common/jose/rsa_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/jose/jose.h"
#include "common/jose/sha.h"

#define EXPONENT 65537
#define SQUARINGS 16
#define MODULUS_MAX (JOSE_RSA_BITS_MAX / 8)

#define DIGESTS 3

struct rsa_check {
	size_t bytes; /* of the modulus */
	BIGNUM *modulus, *constant;
	BIGNUM *padded[DIGESTS]; /* with a digest of zeros */
	BN_MONT_CTX *mont;
	/* Of one signature. */
	BN_CTX *ctx;
	BIGNUM *signature, *power, *wanted;
};

/* DigestInfo, without the digest (RFC 8017 9.2, note 1). */
#define INFO_BYTES 19
static const struct {
	size_t digest_bytes;
	uint8_t info[INFO_BYTES];
} digests[DIGESTS] = {
	{ SHA256_BYTES,
	    { 0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20 } },
	{ SHA384_BYTES,
	    { 0x30, 0x41, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x02, 0x05, 0x00, 0x04, 0x30 } },
	{ SHA512_BYTES,
	    { 0x30, 0x51, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65,
		0x03, 0x04, 0x02, 0x03, 0x05, 0x00, 0x04, 0x40 } },
};

/* ---- the key ---- */

/* EMSA-PKCS1-v1_5 (RFC 8017 9.2): 00 01 ff ... ff 00 info digest. */
static BIGNUM *
padded_make(size_t bytes, unsigned i)
{
	uint8_t text[MODULUS_MAX] = { 0, 1 };
	size_t digest_at = bytes - digests[i].digest_bytes;
	size_t info_at = digest_at - INFO_BYTES;

	memset(text + 2, 0xff, info_at - 1 - 2);
	memcpy(text + info_at, digests[i].info, INFO_BYTES);
	return BN_bin2bn(text, (int)bytes, NULL);
}

/* R^65537, R being the first power of 2 that has one word more. */
static bool
constant_make(struct rsa_check *c)
{
	BIGNUM *exponent = c->wanted;

	/* One in Montgomery's form is R. */
	return BN_set_word(exponent, EXPONENT) == 1 &&
	    BN_to_montgomery(c->power, BN_value_one(), c->mont, c->ctx) == 1 &&
	    BN_mod_exp(c->constant, c->power, exponent, c->modulus, c->ctx) ==
	    1;
}

static bool
numbers_make(struct rsa_check *c)
{
	c->constant = BN_new();
	c->mont = BN_MONT_CTX_new();
	c->ctx = BN_CTX_new();
	c->signature = BN_new();
	c->power = BN_new();
	c->wanted = BN_new();
	for (unsigned i = 0; i < DIGESTS; i++) {
		c->padded[i] = padded_make(c->bytes, i);
		if (c->padded[i] == NULL)
			return false;
	}
	return c->constant != NULL && c->mont != NULL && c->ctx != NULL &&
	    c->signature != NULL && c->power != NULL && c->wanted != NULL &&
	    BN_MONT_CTX_set(c->mont, c->modulus, c->ctx) == 1 &&
	    constant_make(c);
}

static bool
key_take(struct rsa_check *c, const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL;
	bool good =
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_is_word(e, EXPONENT) &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &c->modulus) ==
		1 &&
	    BN_num_bits(c->modulus) >= JOSE_RSA_BITS_MIN &&
	    BN_num_bits(c->modulus) <= JOSE_RSA_BITS_MAX;

	BN_free(e);
	if (!good)
		return false;
	c->bytes = (size_t)BN_num_bytes(c->modulus);
	return numbers_make(c);
}

struct rsa_check *
rsa_check_new(const EVP_PKEY *pkey)
{
	struct rsa_check *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return NULL;
	if (!key_take(c, pkey)) {
		rsa_check_free(c);
		return NULL;
	}
	return c;
}

void
rsa_check_free(struct rsa_check *c)
{
	if (c == NULL)
		return;
	for (unsigned i = 0; i < DIGESTS; i++)
		BN_free(c->padded[i]);
	BN_free(c->modulus);
	BN_free(c->constant);
	BN_free(c->signature);
	BN_free(c->power);
	BN_free(c->wanted);
	BN_MONT_CTX_free(c->mont);
	BN_CTX_free(c->ctx);
	free(c);
}

/* ---- a signature ---- */

static bool
product(
    const struct rsa_check *c, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_mul_montgomery(out, a, b, c->mont, c->ctx) == 1;
}

/* RSAVP1 (RFC 8017 5.2.2); its step 1, too. */
static bool
power_make(struct rsa_check *c)
{
	if (BN_ucmp(c->signature, c->modulus) >= 0 ||
	    !product(c, c->power, c->signature, c->signature))
		return false;
	for (unsigned i = 1; i < SQUARINGS; i++)
		if (!product(c, c->power, c->power, c->power))
			return false;
	return product(c, c->power, c->power, c->signature) &&
	    product(c, c->power, c->power, c->constant);
}

static bool
wanted_make(struct rsa_check *c, const uint8_t *digest, size_t bytes)
{
	unsigned i = 0;

	while (digests[i].digest_bytes != bytes) {
		i++;
		MUST(i < DIGESTS);
	}
	return BN_bin2bn(digest, (int)bytes, c->wanted) != NULL &&
	    BN_uadd(c->wanted, c->wanted, c->padded[i]) == 1;
}

bool
rsa_check_verify(struct rsa_check *c, struct slice signature,
    const uint8_t *digest, size_t bytes)
{
	return signature.n == c->bytes &&
	    BN_bin2bn((const uint8_t *)signature.p, (int)signature.n,
		c->signature) != NULL &&
	    power_make(c) && wanted_make(c, digest, bytes) &&
	    BN_ucmp(c->power, c->wanted) == 0;
}
