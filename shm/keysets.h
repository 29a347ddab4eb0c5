/*
 * keysets.h - what the master publishes for authenticators at its own pace:
 * keys that it fetched (JWKS by url), API keys that were added by the admin
 * API, the public part of the gateway's own keys.
 *
 * A slot per authenticator, found by name, never given back while the region
 * lives. What a slot holds is an extent in the images memfd, published and
 * retired as endpoint sets are: readable within a turn. No secret is in there.
 */
#ifndef SHM_KEYSETS_H
#define SHM_KEYSETS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

#define KEYSETS_NONE UINT32_MAX
/* The slot of the keys that the gateway signs with: no authenticator can have a
 * name with blanks. */
#define KEYSETS_OWN "the gateway's own"

/* ---- workers, within a turn ---- */

/* What slot i holds; n 0: nothing yet. *version grows with each publication. */
struct slice
keysets_read(const struct region *r, uint32_t i, uint64_t *version);

uint64_t keysets_version(const struct region *r, uint32_t i);

/*
 * A key that the set does not have was asked for: the master is to fetch it
 * anew. True: it will (wake it); false: it has done so, or tried, within the
 * cool-down that it told us, and what it got is what is read from now on: look
 * at the version afterwards.
 */
bool keysets_want(const struct region *r, uint32_t i, uint64_t now_us);

/*
 * The same without asking: the cool-down is in force. Whatever the master has
 * published before is seen afterwards.
 */
bool keysets_is_calm(const struct region *r, uint32_t i, uint64_t now_us);

/* ---- master ---- */

/*
 * The slot of this name, made if need be; KEYSETS_NONE: all are taken, or the
 * name is longer than KEYSET_NAME_MAX.
 */
uint32_t keysets_slot(struct region *r, struct slice name);
/* Without making it. */
uint32_t keysets_find(const struct region *r, struct slice name);

/*
 * Publishes a copy of bytes; what is there already keeps its version. False
 * with errno: nothing has changed.
 */
bool keysets_publish(struct region *r, uint32_t i, struct slice bytes);

/* Since when somebody wants it anew; 0: nobody. Taken: nobody any more. */
uint64_t keysets_take_want(struct region *r, uint32_t i);

/* Until then nobody is to want it: once the answer was published. */
void keysets_calm(struct region *r, uint32_t i, uint64_t until_us);

/* When it was last fetched well; 0: never. Wall clock. */
void keysets_set_fetched(struct region *r, uint32_t i, int64_t wall_us);
int64_t keysets_fetched(const struct region *r, uint32_t i);

/* Frees what no worker can see any more; true while something is left. */
bool keysets_reclaim(struct region *r);

/*
 * After a master died: retires, with a fresh stamp, whatever no slot names.
 * May be killed and run again.
 */
void keysets_recover_master(struct region *r);

#endif
