/*
 * families.h - refresh tokens that may still be used: one word a family, which
 * all workers change by compare-and-swap. A family begins with the first pair
 * of tokens; each use of its refresh token is a turn. Whoever comes with a turn
 * that was used before has a stolen token, or was robbed of it: the family
 * ends.
 *
 * A turn takes place exactly once over all workers, whatever is killed when. A
 * family that is not in the table is unknown, and its tokens are refused.
 */
#ifndef SHM_FAMILIES_H
#define SHM_FAMILIES_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/region.h"

#define FAMILY_TURNS_MAX 65535

enum family_result {
	FAMILY_OK,
	FAMILY_UNKNOWN, /* never begun, expired, or forgotten */
	FAMILY_REUSED,  /* the family was ended by this */
	FAMILY_REVOKED, /* it had been ended before */
};

/*
 * Slot w (a worker's, or SLOT_MASTER) begins a family: `key` is random (not 0)
 * and the family's name; turn 0 is the one that is out. It lives until now_s is
 * expires_s. False: there is no room beside families that live.
 */
bool families_begin(const struct region *r, uint32_t w, uint64_t key,
    int64_t now_s, int64_t expires_s);

/*
 * Uses turn `turn`: FAMILY_OK: turn + 1 is out from now on. Any other turn than
 * the one that is out ends the family; so does FAMILY_TURNS_MAX, which is
 * FAMILY_REVOKED at once.
 */
enum family_result families_turn(
    const struct region *r, uint64_t key, uint32_t turn, int64_t now_s);

/* Ends it. False: unknown. */
bool families_end(const struct region *r, uint64_t key);

/*
 * For saving and loading by the master: the word of place i < FAMILIES_MAX;
 * false: it is free. families_put: what has expired, or is there already, is
 * left out; false: there is no room, or this is no word.
 */
bool
families_at(const struct region *r, uint32_t i, uint64_t *key, uint64_t *word);
bool families_put(struct region *r, uint64_t key, uint64_t word, int64_t now_s);

/* Keeper, after the process of slot w was reaped: slot_settle does it. */
void families_recover(struct region *r, uint32_t w);

#endif
