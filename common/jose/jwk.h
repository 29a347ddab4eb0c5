/*
 * jwk.h - one key of a JWK Set (RFC 7517 4, RFC 7518 6, RFC 8037 2), read
 * strictly; keyset_jwks.c says what becomes of it.
 */
#ifndef COMMON_JOSE_JWK_H
#define COMMON_JOSE_JWK_H

#include <openssl/evp.h>

#include "common/base/json_read.h"
#include "common/jose/jws.h"
#include "common/jose/key_form.h"

#define JWK_SECRET_MAX 1024

enum jwk_result {
	JWK_TAKEN,
	JWK_LEFT,  /* for another use, of an unknown kind, of another size */
	JWK_WRONG, /* why says what is the matter with it */
};

struct jwk {
	enum jose_key kind;
	uint32_t algs; /* that fit; one, if it has "alg" */
	struct slice kid;
	EVP_PKEY *pkey;      /* NULL: a secret */
	struct slice secret; /* in room */
	const char *why;

	char text[KEY_WHY_BYTES];
	char kid_room[JWS_KID_MAX * 6 + 2];
	uint8_t room[JWK_SECRET_MAX];
};

/* Reads value, which was checked. jwk_fini in any case. */
enum jwk_result
jwk_read(struct jwk *k, const struct json_value *value, bool symmetric);
void jwk_fini(struct jwk *k);

#endif
