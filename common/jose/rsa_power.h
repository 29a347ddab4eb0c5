/*
 * rsa_power.h - numbers raised to the power of 65537 by a modulus of RSA: all
 * that there is to a signature's number. Nothing here is secret, and takes its
 * time accordingly.
 */
#ifndef COMMON_JOSE_RSA_POWER_H
#define COMMON_JOSE_RSA_POWER_H

#include <openssl/bn.h>
#include <stdbool.h>
#include <stdint.h>

#define RSA_POWER_EXPONENT 65537

struct rsa_power;

/* Of an odd modulus of JOSE_RSA_BITS_MAX at most, of which nothing is kept.
 * NULL: no memory. */
struct rsa_power *rsa_power_new(const BIGNUM *modulus);
void rsa_power_free(struct rsa_power *p);

/*
 * RSAVP1 (RFC 8017 5.2.2): number^65537 to out, both of the modulus' length in
 * bytes, the highest one first. False: the number is not below the modulus, or
 * there is no memory.
 */
bool rsa_power_make(struct rsa_power *p, const uint8_t *number, uint8_t *out);

#endif
