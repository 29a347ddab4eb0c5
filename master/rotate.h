/*
 * rotate.h - the keys of session tickets change when their time is over, or
 * are those of files.
 */
#ifndef MASTER_ROTATE_H
#define MASTER_ROTATE_H

#include "common/net/loop.h"
#include "shm/region.h"

struct rotate {
	struct loop *loop;
	struct region *region;
	struct timer due;
};

/* The pointers outlive it. */
void rotate_init(struct rotate *r, struct loop *loop, struct region *region);
void rotate_fini(struct rotate *r);

/*
 * Does as the published image says: makes the first key, or the next one when
 * it is due, and comes back by itself. Keys that a predecessor made go on.
 */
void rotate_follow(struct rotate *r);

#endif
