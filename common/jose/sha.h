/*
 * sha.h - SHA-2 of texts, without anything that is made or fetched for it.
 */
#ifndef COMMON_JOSE_SHA_H
#define COMMON_JOSE_SHA_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define SHA256_BYTES 32
#define SHA384_BYTES 48
#define SHA512_BYTES 64

/* The digest of so many bytes, which is one of the above, to out. */
void sha_digest(size_t bytes, struct slice text, uint8_t *out);

/*
 * SHA-256 of text and `more` behind it to all; of the first `part` bytes of the
 * text, if that is not 0, to of_part. What they share is gone through once.
 */
void sha256_both(struct slice text, size_t part, struct slice more,
    uint8_t of_part[SHA256_BYTES], uint8_t all[SHA256_BYTES]);

#endif
