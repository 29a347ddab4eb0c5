/*
 * listening.h - the keeper's listening sockets: one per listener and worker
 * slot, in one SO_REUSEPORT group, made by the keeper alone and kept over the
 * death of any worker, so that what waits in an accept queue is not lost.
 */
#ifndef MASTER_LISTENING_H
#define MASTER_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/addr.h"
#include "shm/inherit.h"

#define LISTENING_LEAVE_US 1000000 /* for workers to empty the queues */

/* Was removed: the sockets are held until the workers emptied their queues. */
struct listening_leaving {
	struct inherit_listener listener;
	uint64_t until_us; /* 0: unused place */
};

struct listening {
	struct inherit *in; /* its table is what children inherit */
	struct listening_leaving *leaving; /* LISTENERS_MAX of them */
	uint32_t next_id;
};

void listening_init(struct listening *l, struct inherit *in);

/* Shuts every socket down and closes it. */
void listening_fini(struct listening *l);

/*
 * Makes a listener's sockets, after a bind that catches another program on the
 * port. Returns its place in in->listeners, or -1 with errno and nothing done.
 */
int listening_open(struct listening *l, const struct addr *a);

/*
 * Takes a listener out of the table; its sockets end when the time for workers
 * to empty them is over. False: no such id.
 */
bool listening_close(struct listening *l, uint32_t id, uint64_t now_us);

/* Ends what was to leave by now. Returns when to be called again, or never. */
uint64_t listening_tick(struct listening *l, uint64_t now_us);

#endif
