/*
 * listening.h - the keeper's listening sockets: one per listener and worker
 * slot, in one SO_REUSEPORT group, made by the keeper alone and kept over the
 * death of any worker, so that what waits in an accept queue is not lost.
 *
 * A socket that is closed, or shut down, resets what is in its queue and every
 * handshake that has begun. So a listener leaves in three steps:
 *
 *	serving --close--> deaf --LEAVE_US--> let go --END_US--> shut down
 *	   ^                 |                   |
 *	   +---open again----+-------------------+
 *
 * Deaf, it hears no SYN, while handshakes end in its queue and workers go on
 * accepting; then workers empty their queues and let go; then it is ended. The
 * time is shorter than the second after which a client sends its SYN again, so
 * that this one is refused, or heard by whoever listens there next.
 *
 * A socket that the service manager passed in is never deaf and never shut
 * down: it is only let go of.
 */
#ifndef MASTER_LISTENING_H
#define MASTER_LISTENING_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/addr.h"
#include "master/activation.h"
#include "shm/inherit.h"

#define LISTENING_LEAVE_US 500000
#define LISTENING_END_US 200000

/* Was removed. */
struct listening_leaving {
	struct inherit_listener listener;
	uint64_t until_us; /* 0: unused place */
	bool let_go;       /* the last step is next */
};

struct listening;

/* Workers are to empty the queues of listener `id` and to close them. */
typedef void listening_let_go_fn(struct listening *l, uint32_t id);

struct listening {
	struct inherit *in; /* its table is what children inherit */
	struct activation *passed;
	struct listening_leaving *leaving; /* LISTENERS_MAX of them */
	listening_let_go_fn *let_go;
	uint32_t next_id;
};

void listening_init(struct listening *l, struct inherit *in,
    struct activation *passed, listening_let_go_fn *let_go);

/* Ends every socket. */
void listening_fini(struct listening *l);

/*
 * Gives a listener its sockets: those of the same address that are about to
 * leave; one that was passed in, with others beside it where it shares its
 * port, else copies of it; or new ones, after a bind that catches another
 * program on the port. Returns its place in in->listeners, or -1 with errno
 * and nothing done.
 */
int listening_open(struct listening *l, const struct addr *a);

/* Takes a listener out of the table: it leaves. False: no such id. */
bool listening_close(struct listening *l, uint32_t id, uint64_t now_us);
void listening_close_all(struct listening *l, uint64_t now_us);

/* Takes the steps that are due. Returns when to be called again, or never. */
uint64_t listening_tick(struct listening *l, uint64_t now_us);

#endif
