/*
 * rsa_wide.h - what rsa_power.h promises, for moduli of 2048 bits, by
 * processors that multiply eight digits of 52 bits at once (AVX-512 IFMA): in
 * half the time.
 */
#ifndef COMMON_JOSE_RSA_WIDE_H
#define COMMON_JOSE_RSA_WIDE_H

#include <stdbool.h>
#include <stdint.h>

#define RSA_WIDE_BYTES 256
#define RSA_WIDE_R_BITS 2080 /* its products lose a factor of 2^2080 each */

struct rsa_wide;

/* The modulus has so many bits, and this processor can. */
bool rsa_wide_fits(int bits);

/*
 * Where it fits. The modulus is odd; the constant is R^65537 by it; nothing of
 * the two is kept. NULL: no memory; freed by free().
 */
struct rsa_wide *rsa_wide_new(const uint8_t modulus[RSA_WIDE_BYTES],
    const uint8_t constant[RSA_WIDE_BYTES]);

/* number^65537, of a number that is below the modulus. */
void rsa_wide_power(const struct rsa_wide *w,
    const uint8_t number[RSA_WIDE_BYTES], uint8_t out[RSA_WIDE_BYTES]);

#endif
