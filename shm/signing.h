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

#define SIGNING_KEYS 4 /* kept; 3 of them live */
#define SIGNING_LIVE 3
#define SIGNING_KID 22 /* base64url of 16 bytes */
#define SIGNING_PEM_MAX 320
#define SIGNING_SPKI_MAX 96

struct signing_key {
	char kid[SIGNING_KID];
	uint16_t pem_bytes, spki_bytes;
	char pem[SIGNING_PEM_MAX];
	uint8_t spki[SIGNING_SPKI_MAX];
	int64_t made_s; /* wall clock */
};

/* The one that signs. False: there is none yet. */
bool signing_current(const struct region *r, struct signing_key *key);

/* Grows with every rotation: what is cached goes by it. */
uint64_t signing_version(const struct region *r);

/* ---- master ---- */

/* The live keys, the signing one at [1] (or [0] while there are two). */
size_t
signing_live(const struct region *r, struct signing_key keys[SIGNING_LIVE]);

/* Publishes `key` as the next one: the one that was next signs from now on; the
 * very first one signs at once. */
void signing_rotate(struct region *r, const struct signing_key *key);

#endif
