/*
 * jose.h - the algorithms that signatures of tokens are made with, and which
 * keys they go with: the one table (jose.def) that all of jose walks.
 */
#ifndef COMMON_JOSE_JOSE_H
#define COMMON_JOSE_JOSE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

/* A set of algorithms is a bit per enum value. */
enum jose_alg {
#define JOSE(ID, name, family, hash, size) JOSE_##ID,
#include "common/jose/jose.def"
	JOSE_COUNT
};

/* What a key is: each fits some algorithms and no others. */
enum jose_key {
	JOSE_KEY_HMAC,
	JOSE_KEY_RSA, /* RS* and PS* */
	JOSE_KEY_P256,
	JOSE_KEY_P384,
	JOSE_KEY_P521,
	JOSE_KEY_ED25519,
};

#define JOSE_RSA_BITS_MIN 2048
#define JOSE_RSA_BITS_MAX 8192
#define JOSE_HMAC_BYTES_MIN 32 /* of a secret; also no less than the hash */
#define JOSE_SIGNATURE_MAX 1024

/* By its exact name (RFC 7515 4.1.1: case-sensitive). False: none of ours. */
bool jose_alg_find(struct slice name, enum jose_alg *alg);
struct slice jose_alg_name(enum jose_alg alg);

/* The algorithms that a key of this kind may be used with. */
uint32_t jose_key_algs(enum jose_key key);

#endif
