/*
 * keyed.h - permits by key: at most `max` holders of one key over all workers
 * at once, exactly, whatever is killed at whatever instruction. A key is a hash
 * of whatever the caller counts by; today: the address of a client.
 *
 * A key has a place in the table while somebody holds a permit of it; the place
 * is a resource of protocol B, and what is taken is dropped by permit_drop.
 * Two keys count as one if they agree in 50 bits of the hash.
 */
#ifndef SHM_KEYED_H
#define SHM_KEYED_H

#include <stdint.h>

#include "shm/permit.h"

enum keyed_answer {
	KEYED_TAKEN,
	KEYED_REFUSED,
	/* No room: for one more key beside those in use that fall into the same
	 * set, or in the worker's ledger. Nobody can say how many are out. */
	KEYED_UNCOUNTED,
};

/*
 * Takes a permit of the key, if fewer than max (not 0) are out. *ticket is
 * PERMIT_NONE unless it is TAKEN. Refused, too, when the last one is given to
 * somebody else at this moment, who may turn out to have come too late.
 */
enum keyed_answer
keyed_take(struct permits *p, uint64_t key, uint32_t max, uint32_t *ticket);

/* How many are out. */
uint32_t keyed_count(const struct region *r, uint64_t key);

#endif
