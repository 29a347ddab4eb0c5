/*
 * footprint.h - what workers take of memory, told to them: they may not look
 * themselves. Only while overload.memory is configured.
 */
#ifndef MASTER_FOOTPRINT_H
#define MASTER_FOOTPRINT_H

#include "common/net/loop.h"
#include "shm/region.h"

struct footprint {
	struct region *region;
	struct loop *loop;
	struct timer timer;
	bool failed; /* and it was said */
};

void footprint_init(struct footprint *f, struct loop *l, struct region *r);
void footprint_fini(struct footprint *f);

/* Another configuration is in force. */
void footprint_follow(struct footprint *f);

/*
 * The memory that a process has for itself: pages that are no other's, and of
 * no file. 0 when it cannot be found out.
 */
uint64_t footprint_read(pid_t pid);

#endif
