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
 * Signs the claims (the text of a JSON object) into out. `key` is a private key
 * in PEM (ES*, RS*) or a secret (HS*). False: no memory, or the key does not
 * fit the algorithm; out is as it was.
 */
bool issue_token(enum jose_alg alg, struct slice key, struct slice kid,
    const char *typ, struct slice claims, struct text *out);

/* A new P-256 key: its private part in PEM, its public part in DER. */
bool issue_key_make(struct text *pem, struct text *spki);

#endif
