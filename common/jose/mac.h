/*
 * mac.h - HMAC-SHA256 (RFC 2104) with a key that is kept: what stands for a
 * secret where the secret itself must not be.
 */
#ifndef COMMON_JOSE_MAC_H
#define COMMON_JOSE_MAC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"

#define MAC_BYTES 32 /* of the key, and of what is made */

struct mac;

/* NULL: no memory. */
struct mac *mac_new(const uint8_t key[MAC_BYTES]);
void mac_free(struct mac *m);

/* False: no memory. */
bool mac_make(struct mac *m, struct slice bytes, uint8_t out[MAC_BYTES]);

#endif
