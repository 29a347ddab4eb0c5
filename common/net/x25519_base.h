/*
 * x25519_base.h - the public key of an X25519 key (RFC 7748): multiples of the
 * base point by a table. OpenSSL 3.0 does this one product with portable
 * arithmetic of 32 bits, which takes longer than the exchange itself.
 *
 * What it does, and what of the memory it touches, does not depend on the key.
 */
#ifndef COMMON_NET_X25519_BASE_H
#define COMMON_NET_X25519_BASE_H

#include <stdint.h>

#define X25519_BYTES 32

/* Makes the table; once per process. */
void x25519_base_init(void);

/* Any 32 bytes are a private key. */
void
x25519_public(uint8_t out[X25519_BYTES], const uint8_t secret[X25519_BYTES]);

#endif
