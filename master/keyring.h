/*
 * keyring.h - API keys that are added and removed while the gateway runs: the
 * blocks of shm/holders.h, and their file in state_dir.
 *
 * The block in shared memory is all there is: nothing is lost with a master.
 */
#ifndef MASTER_KEYRING_H
#define MASTER_KEYRING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "shm/holders.h"
#include "shm/keysets.h"

#define KEYRING_PREFIX "psk_" /* so that a key is known for one */
#define KEYRING_KEY (4 + 43)  /* characters: 256 bits */
#define KEYRING_TEXT_MAX 255  /* of a name or a claim */
#define KEYRING_LIST_MAX 4096 /* of roles, of permissions */
#define KEYRING_NEVER INT64_MAX
#define KEYRING_SECONDS_MAX 253402300799 /* the end of the year 9999 */

struct keyring_key {
	uint8_t sha256[32];
	struct slice name;
	struct slice claims[IMG_CLAIMS]; /* lists joined by ","; empty: none */
	int64_t expires_s, made_s;
};

enum keyring_result {
	KEYRING_OK,
	KEYRING_TWICE,  /* this very key is there */
	KEYRING_FULL,   /* there are HOLDERS_MAX */
	KEYRING_NO_ROOM /* of shared memory, or of slots */
};

/* A new key, and its SHA-256 for `key`. */
void keyring_make(char text[KEYRING_KEY], uint8_t sha256[32]);

/* The slot of an authenticator's added keys; KEYSETS_NONE: there is no room. */
uint32_t keyring_slot(struct region *r, struct slice authenticator);

/* What is there; NULL: nothing. */
const struct holders *
keyring_block(const struct region *r, struct slice authenticator);

/* The key of number i of a block. */
void keyring_at(const struct holders *h, uint32_t i, struct keyring_key *key);

enum keyring_result keyring_add(struct region *r, struct slice authenticator,
    const struct keyring_key *key);

/* Of keys that are in the block; the rest stays. */
enum keyring_result keyring_remove(
    struct region *r, struct slice authenticator, const uint8_t sha256[32]);

/* ---- the file ---- */

#define KEYRING_FILE "api_keys"

void keyring_write(const struct region *r, struct text *out);

/* False with a complaint: nothing was loaded. */
bool keyring_load(struct region *r, struct slice text, struct diag *d);

#endif
