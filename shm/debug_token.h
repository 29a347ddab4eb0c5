/*
 * debug_token.h - tokens that let the client of a request see what became of
 * it: signed by the master, checked by workers, with a key that lives as long
 * as the region.
 *
 *	1.1767225600.C8Kq...	version, when it expires (seconds since 1970),
 *				base64url of the HMAC-SHA256 of what is before
 *
 * Each token has one text: nothing else verifies.
 */
#ifndef SHM_DEBUG_TOKEN_H
#define SHM_DEBUG_TOKEN_H

#include <stdint.h>

#include "common/base/slice.h"
#include "common/jose/mac.h"

#define DEBUG_TOKEN_MAX 72         /* bytes of a text */
#define DEBUG_TOKEN_LONGEST 604800 /* seconds that one may last */

enum debug_token_kind {
	DEBUG_TOKEN_GOOD,
	DEBUG_TOKEN_BAD,
	DEBUG_TOKEN_EXPIRED
};

/* Its length; 0: no memory. `mac` has the key: shm_secrets.debug_key. */
size_t
debug_token_make(struct mac *mac, int64_t expires_s, char out[DEBUG_TOKEN_MAX]);

/* What is not signed is bad, expired or not. */
enum debug_token_kind
debug_token_check(struct mac *mac, struct slice text, int64_t now_s);

#endif
