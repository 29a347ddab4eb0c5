/*
 * verify.h - signatures of tokens, checked with keys that were parsed once.
 *
 * The key says what it may be used for; the token only says which of that was
 * used (RFC 8725 3.1). Everything that goes wrong here, also for lack of
 * memory, is "not verified".
 */
#ifndef COMMON_JOSE_VERIFY_H
#define COMMON_JOSE_VERIFY_H

#include "common/jose/jws.h"
#include "common/jose/keyset.h"

struct verify_key;

/* A key, parsed (a companion of shared memory: keep it by its hash). NULL: no
 * memory, or the bytes are no key. */
struct verify_key *
verify_key_new(const struct keyset *s, const struct keyset_key *k);
void verify_key_free(struct verify_key *v);

/*
 * True: `signature` over `input` was made with the key, by `alg`, which fits
 * the key's kind and curve and is among its algorithms.
 */
bool verify_token(struct verify_key *v, const struct jws *t);

#endif
