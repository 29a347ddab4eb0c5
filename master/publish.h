/*
 * publish.h - ties a configuration image to the registry: its services get
 * their slots and endpoint sets, its routes their counter rows.
 *
 *	publish_slots    of a new image: slots and rows
 *	publish_await    which names it has to wait for
 *	publish_sets     of all its services, just before it is published
 *	publish_undo     or not: what was published of it goes back
 *	publish_commit   just after: operators' changes that it ends go
 *	publish_service  one set of the current image: DNS or an operator
 */
#ifndef MASTER_PUBLISH_H
#define MASTER_PUBLISH_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "master/resolve.h"
#include "shm/image.h"
#include "shm/region.h"

/*
 * Fills in the slots and rows of img, those of key sets too. False with a
 * complaint: something is full.
 */
bool publish_slots(struct region *r, struct img_head *img, struct diag *d);

/*
 * Has the resolver await the names of img that it knows nothing of and that
 * the current sets have no members of, either.
 */
void publish_await(
    const struct region *r, struct resolver *names, const struct img_head *img);

/*
 * Publishes the endpoint sets of every service in img. False with a complaint
 * when something is full: then sets may have changed, and publish_undo is to
 * follow.
 */
bool publish_sets(struct region *r, const struct resolver *names,
    const struct img_head *img, struct diag *d);

/*
 * Puts the sets of the services in `current` (NULL: of none) back to what it
 * says. False: some lacked room, and are left as they are until it is done
 * again.
 */
bool publish_undo(struct region *r, const struct resolver *names,
    const struct img_head *current);

/*
 * Publishes the endpoint set of service `index` of img, which has its slot.
 * False (nothing changed) when slots or space lack.
 */
bool publish_service(struct region *r, const struct resolver *names,
    const struct img_head *img, uint32_t index);

/*
 * Forgets what operators changed of services that img does not have, and of
 * endpoints whose state or weight it says anew.
 */
void publish_commit(struct region *r, const struct img_head *img);

/*
 * Retires the endpoints of every service that `current` does not name (NULL:
 * of all). Only when no worker can see an image that does.
 */
void publish_retire_absent(struct region *r, const struct img_head *current);

#endif
