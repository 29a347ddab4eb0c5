/*
 * rsa_check.c - see rsa_check.h.
 *
 * What the signature must turn into is written, not read: all of the modulus'
 * length is compared, and no padding is parsed (RFC 8017 8.2.2 step 3).
 */
#include "common/jose/rsa_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/jose/jose.h"
#include "common/jose/rsa_power.h"
#include "common/jose/sha.h"

#define MODULUS_MAX (JOSE_RSA_BITS_MAX / 8)

struct rsa_check {
	size_t bytes; /* of the modulus */
	struct rsa_power *power;
};

/* DigestInfo, without the digest (RFC 8017 9.2, note 1). */
#define INFO_BYTES 19
static const struct {
	size_t digest_bytes;
	uint8_t info[INFO_BYTES];
} digests[] = {
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

static bool
key_take(struct rsa_check *c, const EVP_PKEY *pkey)
{
	BIGNUM *e = NULL, *modulus = NULL;

	if (EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_E, &e) == 1 &&
	    BN_is_word(e, RSA_POWER_EXPONENT) &&
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus) == 1 &&
	    BN_num_bits(modulus) >= JOSE_RSA_BITS_MIN &&
	    BN_num_bits(modulus) <= JOSE_RSA_BITS_MAX && BN_is_odd(modulus)) {
		c->bytes = (size_t)BN_num_bytes(modulus);
		c->power = rsa_power_new(modulus);
	}
	BN_free(e);
	BN_free(modulus);
	return c->power != NULL;
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
	rsa_power_free(c->power);
	free(c);
}

/* ---- a signature ---- */

/* EMSA-PKCS1-v1_5 (RFC 8017 9.2): 00 01 ff ... ff 00 info digest. */
static void
padded_make(uint8_t *text, size_t n, const uint8_t *digest, size_t bytes)
{
	size_t digest_at = n - bytes, info_at = digest_at - INFO_BYTES;
	unsigned i = 0;

	while (digests[i].digest_bytes != bytes) {
		i++;
		MUST(i < sizeof(digests) / sizeof(digests[0]));
	}
	text[0] = 0;
	text[1] = 1;
	memset(text + 2, 0xff, info_at - 1 - 2);
	text[info_at - 1] = 0;
	memcpy(text + info_at, digests[i].info, INFO_BYTES);
	memcpy(text + digest_at, digest, bytes);
}

bool
rsa_check_verify(struct rsa_check *c, struct slice signature,
    const uint8_t *digest, size_t bytes)
{
	uint8_t made[MODULUS_MAX], wanted[MODULUS_MAX];

	if (signature.n != c->bytes ||
	    !rsa_power_make(c->power, (const uint8_t *)signature.p, made))
		return false;
	padded_make(wanted, c->bytes, digest, bytes);
	return memcmp(made, wanted, c->bytes) == 0;
}
