/*
 * issue.h - tokens that the gateway signs itself, by libjwt.
 *
 * libjwt only ever signs here: it verifies nothing that a stranger sent.
 */
#ifndef COMMON_JOSE_ISSUE_H
#define COMMON_JOSE_ISSUE_H

#include "common/base/text.h"
#include "common/jose/jose.h"

/*
 * Once per process, before it signs: jansson, which libjwt writes with, would
 * else open a file for the seed of its tables, which no worker may.
 */
void issue_init(void);

/*
 * Signs the claims (the text of a JSON object) into out. `key` is a private key
 * in PEM (PKCS #8; ES*, RS*) or a secret (HS*). Its type (typ) is "JWT": libjwt
 * before 1.12 writes no other. False: no memory, or the key does not fit the
 * algorithm, or what came out is not such a token; out is as it was.
 *
 * Slow: libjwt parses the key each time (ES256 about 0.4 ms).
 */
bool issue_token(enum jose_alg alg, struct slice key, struct slice kid,
    struct slice claims, struct text *out);

/* A new P-256 key: its private part in PEM, its public part in DER. */
bool issue_key_make(struct text *pem, struct text *spki);

#endif
