/*
 * keyset_add.h - how the parts of keyset add what they have looked at.
 */
#ifndef COMMON_JOSE_KEYSET_ADD_H
#define COMMON_JOSE_KEYSET_ADD_H

#include <openssl/evp.h>

#include "common/jose/keyset.h"

/* Writes the sentence that is returned. */
const char *keyset_say(struct keyset_build *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/*
 * `algs` are those that fit and were asked for; none: a sentence says so.
 */
const char *keyset_add(struct keyset_build *b, enum jose_key kind,
    struct slice kid, uint32_t algs, struct slice bytes);

/* A public key that key_form let through. */
const char *keyset_add_pkey(struct keyset_build *b, enum jose_key kind,
    struct slice kid, uint32_t algs, EVP_PKEY *pkey);

/* The algorithms that a secret of n bytes is long enough for. */
uint32_t keyset_secret_algs(size_t n);

#endif
