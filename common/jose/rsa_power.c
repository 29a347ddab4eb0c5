/*
 * rsa_power.c - see rsa_power.h.
 *
 *	s^65537  =  s^65536 * s		16 squarings, a product
 *
 * The products of Montgomery's lose a factor R each. The number is not brought
 * into that form first; a constant of the modulus, R^65537, makes up for all of
 * it at the end.
 */
#include "common/jose/rsa_power.h"

#include <stdlib.h>
#include <string.h>

#include "common/jose/jose.h"
#include "common/jose/rsa_wide.h"

#define SQUARINGS 16

struct rsa_power {
	size_t bytes; /* of the modulus */
	uint8_t modulus[JOSE_RSA_BITS_MAX / 8];
	struct rsa_wide *wide; /* NULL: what follows */
	BIGNUM *constant, *number, *power;
	BN_MONT_CTX *mont;
	BN_CTX *ctx;
};

/* R^65537, R being 2 to the power of so many bits. */
static bool
constant_make(struct rsa_power *p, const BIGNUM *modulus, int bits)
{
	BN_zero(p->number);
	return BN_set_bit(p->number, bits) == 1 &&
	    BN_set_word(p->power, RSA_POWER_EXPONENT) == 1 &&
	    BN_mod_exp(p->constant, p->number, p->power, modulus, p->ctx) == 1;
}

static bool
wide_make(struct rsa_power *p, const BIGNUM *modulus)
{
	uint8_t constant[RSA_WIDE_BYTES];

	if (!constant_make(p, modulus, RSA_WIDE_R_BITS) ||
	    BN_bn2binpad(p->constant, constant, sizeof(constant)) < 0)
		return false;
	p->wide = rsa_wide_new(p->modulus, constant);
	return p->wide != NULL;
}

/* Their R is the first power of 2 that has one word more. */
static bool
narrow_make(struct rsa_power *p, const BIGNUM *modulus)
{
	int words = (BN_num_bits(modulus) + BN_BITS2 - 1) / BN_BITS2;

	p->mont = BN_MONT_CTX_new();
	return p->mont != NULL &&
	    BN_MONT_CTX_set(p->mont, modulus, p->ctx) == 1 &&
	    constant_make(p, modulus, words * BN_BITS2);
}

static bool
modulus_take(struct rsa_power *p, const BIGNUM *modulus)
{
	p->bytes = (size_t)BN_num_bytes(modulus);
	p->constant = BN_new();
	p->number = BN_new();
	p->power = BN_new();
	p->ctx = BN_CTX_new();
	if (p->constant == NULL || p->number == NULL || p->power == NULL ||
	    p->ctx == NULL || p->bytes > sizeof(p->modulus) ||
	    BN_bn2bin(modulus, p->modulus) < 0)
		return false;
	return rsa_wide_fits(BN_num_bits(modulus)) ? wide_make(p, modulus)
						   : narrow_make(p, modulus);
}

struct rsa_power *
rsa_power_new(const BIGNUM *modulus)
{
	struct rsa_power *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return NULL;
	if (!modulus_take(p, modulus)) {
		rsa_power_free(p);
		return NULL;
	}
	return p;
}

void
rsa_power_free(struct rsa_power *p)
{
	if (p == NULL)
		return;
	free(p->wide);
	BN_free(p->constant);
	BN_free(p->number);
	BN_free(p->power);
	BN_MONT_CTX_free(p->mont);
	BN_CTX_free(p->ctx);
	free(p);
}

static bool
product(
    const struct rsa_power *p, BIGNUM *out, const BIGNUM *a, const BIGNUM *b)
{
	return BN_mod_mul_montgomery(out, a, b, p->mont, p->ctx) == 1;
}

static bool
narrow_power(struct rsa_power *p)
{
	if (!product(p, p->power, p->number, p->number))
		return false;
	for (unsigned i = 1; i < SQUARINGS; i++)
		if (!product(p, p->power, p->power, p->power))
			return false;
	return product(p, p->power, p->power, p->number) &&
	    product(p, p->power, p->power, p->constant);
}

bool
rsa_power_make(struct rsa_power *p, const uint8_t *number, uint8_t *out)
{
	if (memcmp(number, p->modulus, p->bytes) >= 0)
		return false;
	if (p->wide != NULL) {
		rsa_wide_power(p->wide, number, out);
		return true;
	}
	return BN_bin2bn(number, (int)p->bytes, p->number) != NULL &&
	    narrow_power(p) && BN_bn2binpad(p->power, out, (int)p->bytes) >= 0;
}
