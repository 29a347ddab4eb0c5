/*
 * keys.h - what lies in the slots of authenticators (keysets.h), looked at once
 * per version; and the keys that signatures are verified with, parsed, by the
 * hash of each key, so that generations and sets share them and a rotation
 * parses what is new in it alone.
 *
 * A cache: what is missing is parsed when it is asked for (a quarter of a
 * millisecond); keys_turn does it ahead, a little in each turn, and drops what
 * neither this round nor the one before it names. A round begins with a new
 * image or a new version of a set.
 */
#ifndef WORKER_FLOW_KEYS_H
#define WORKER_FLOW_KEYS_H

#include <stddef.h>
#include <stdint.h>

#include "common/jose/verify.h"
#include "shm/holders.h"
#include "shm/image.h"

struct env;
struct keys;

/* `e` outlives it. */
struct keys *keys_new(struct env *e);
void keys_free(struct keys *k);

/* To be called in each turn that has an image. */
void keys_turn(struct keys *k, uint64_t budget_us);

/* Until the next turn. NULL: no memory, or it is no key. */
struct verify_key *
keys_get(struct keys *k, const struct keyset *s, const struct keyset_key *key);

/* How many it holds. */
size_t keys_count(const struct keys *k);

/* The sets of an authenticator. NULL: it has none, or none yet. */
struct keys_sets {
	const struct keyset *image, *slot;
	uint64_t version; /* of the slot's; what is cached goes by it */
};

/* Within a turn; `secrets` are those of the image that `a` is of. */
void keys_sets(const struct keys *k, const struct img_auth *a,
    const char *secrets, struct keys_sets *sets);

/* Within a turn: the holders in a slot; NULL: none yet. */
const struct holders *
keys_holders(struct keys *k, uint32_t slot, uint64_t *version);

#endif
