/*
 * wants.h - which endpoints a service is to have, put together from its
 * configuration, from what names stand for, and from what operators changed.
 */
#ifndef MASTER_WANTS_H
#define MASTER_WANTS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/resolve.h"
#include "shm/image.h"
#include "shm/registry.h"

struct wants {
	struct eset_want *at;
	uint32_t count, room;
};

/*
 * Makes the wants of s, which has its slot; labels lie in img. An inherited
 * name that has not been answered yet keeps the members that the current set
 * has of it. The weights add up to less than 2^32. For wants_fini.
 */
void wants_init(struct wants *w, const struct region *r,
    const struct resolver *names, const struct img_head *img,
    const struct img_service *s);
void wants_fini(struct wants *w);

/* The current set of the service in `slot` has a member with this label. */
bool
wants_label_used(const struct region *r, uint32_t slot, struct slice label);

#endif
