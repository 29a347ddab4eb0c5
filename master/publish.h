/*
 * publish.h - ties a configuration image to the registry: its services get
 * their slots and endpoint sets, its routes their counter rows.
 */
#ifndef MASTER_PUBLISH_H
#define MASTER_PUBLISH_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "shm/image.h"
#include "shm/region.h"

/*
 * Publishes the endpoint sets of every service in img and fills in its slots
 * and rows. False with a complaint when something is full: then sets may have
 * changed, and publish_undo is to follow.
 */
bool publish_tie(struct region *r, struct img_head *img, struct diag *d);

/* Puts the sets of the services in `current` back to what it says. */
void publish_undo(struct region *r, const struct img_head *current);

/*
 * Retires the endpoints of every service that `current` does not name (NULL:
 * of all). Only when no worker can see an image that does.
 */
void publish_retire_absent(struct region *r, const struct img_head *current);

#endif
