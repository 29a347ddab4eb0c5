/*
 * keyring_block.h - for keyring*.c alone: blocks in their slots.
 */
#ifndef MASTER_KEYRING_BLOCK_H
#define MASTER_KEYRING_BLOCK_H

#include "master/keyring.h"

/* The block in a slot; NULL: what is there is none. */
const struct holders *keyring_block_in(const struct region *r, uint32_t slot);

/* Publishes the keys, which are in order of sha256, no two the same. */
enum keyring_result
keyring_publish(struct region *r, struct slice authenticator,
    const struct keyring_key *const *keys, uint32_t count);

#endif
