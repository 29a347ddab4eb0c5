/*
 * rsa_check.h - signatures of RSASSA-PKCS1-v1_5 (RFC 8017 8.2.2), by keys whose
 * exponent is 65537.
 */
#ifndef COMMON_JOSE_RSA_CHECK_H
#define COMMON_JOSE_RSA_CHECK_H

#include <openssl/evp.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

struct rsa_check;

/* NULL: of another kind or exponent, or no memory. It keeps nothing of pkey. */
struct rsa_check *rsa_check_new(const EVP_PKEY *pkey);
void rsa_check_free(struct rsa_check *c);

/*
 * True: the signature was made with the key over a text whose digest this is,
 * of SHA-2 with so many bytes. Lack of memory: false.
 */
bool rsa_check_verify(struct rsa_check *c, struct slice signature,
    const uint8_t *digest, size_t bytes);

#endif
