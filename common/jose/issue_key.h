/*
 * issue_key.h - a key of ES256 that signs many tokens: parsed once, where
 * libjwt would do so for each, which is most of what one costs (0.4 ms).
 */
#ifndef COMMON_JOSE_ISSUE_KEY_H
#define COMMON_JOSE_ISSUE_KEY_H

#include "common/base/text.h"

struct issue_key;

/*
 * From a private key in PEM (PKCS #8). NULL: no memory, it is no key of P-256,
 * or the kid is not 1 to ISSUE_KID_MAX letters, digits, "-" and "_".
 */
#define ISSUE_KID_MAX 64
struct issue_key *issue_key_new(struct slice pem, struct slice kid);
/* NULL is let pass. */
void issue_key_free(struct issue_key *k);

/*
 * Signs the claims (the text of a JSON object, which stands in the token as it
 * is) into out, of the type "JWT". False: no memory, no such object, or more
 * than JWS_BYTES_MAX; out is as it was.
 */
bool issue_by_key(struct issue_key *k, struct slice claims, struct text *out);

#endif
