/*
 * tokens.h - credentials that were verified once, for all workers: the shared
 * level of the cache (protocols.md, "Token cache"), behind each worker's own.
 *
 * Each worker appends to a ring of its own; an index of single words, set only
 * when an entry is complete, leads to them. Readers copy out, then check that
 * the ring has not come round, the key and a checksum. A worker that dies
 * leaves whole entries behind; what it had begun nothing leads to, and its
 * successor goes on behind that.
 *
 * The key is a SHA-256 over whatever makes the result what it is, and so is the
 * version: of the authenticator and its keys. Revocation and expiry are for
 * whoever uses an entry, at every use.
 */
#ifndef SHM_TOKENS_H
#define SHM_TOKENS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

#define TOKENS_KEY 32
#define TOKENS_BYTES_MAX 16384 /* of one entry */

struct tokens_key {
	uint8_t hash[TOKENS_KEY];
	uint64_t version;
};

/*
 * Copies an entry of this key and version that is not past its time (now_s is
 * before expires_s) to out, which has TOKENS_BYTES_MAX of room, whether there
 * is one or not. False: there is none.
 */
bool tokens_find(const struct region *r, const struct tokens_key *key,
    int64_t now_s, char *out, size_t *n, int64_t *expires_s);

/* Worker w adds one; it takes the place of an older one. Too long: it is not
 * kept. */
void tokens_put(const struct region *r, uint32_t w,
    const struct tokens_key *key, int64_t expires_s, struct slice bytes);

/* For metrics: entries that can be found, expired ones among them. */
uint64_t tokens_count(const struct region *r);

#endif
