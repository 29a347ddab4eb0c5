/*
 * signing.h - the keys that the gateway signs its own tokens with (ES256): made
 * by the master, in the secrets, so that all workers sign with the same one.
 *
 *	number   n-1         n             n+1
 *	         verifies    signs         published ahead of its use
 *
 * All three are in the public set (slot KEYSETS_OWN), so that whoever fetched
 * it before a rotation knows the next key already, and tokens of the last one
 * still verify. Kept over reloads and every process, saved in state_dir.
 */
#ifndef SHM_SIGNING_H
#define SHM_SIGNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "shm/region.h"

#define SIGNING_LIVE 3 /* of the SIGNING_KEYS that are kept */

/* The one that signs. False: there is none yet. */
bool signing_current(const struct region *r, struct signing_key *key);

/* Grows with every rotation: what is cached goes by it. */
uint64_t signing_version(const struct region *r);

/* ---- master ---- */

/*
 * The live keys, oldest first: the signing one is at [1], or at [0] while there
 * are two, or one. How many.
 */
size_t
signing_live(const struct region *r, struct signing_key keys[SIGNING_LIVE]);

/*
 * Publishes `key` as the next one: the one that was next signs from now on; the
 * very first one signs at once. What lives no more is wiped.
 */
void signing_rotate(struct region *r, const struct signing_key *key);

/* After a master died: wipes what it had begun, or had left to wipe. */
void signing_recover_master(struct region *r);

#endif
