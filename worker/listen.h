/*
 * listen.h - the listening sockets that this worker accepts from: its own
 * slot's, and those of a slot that it has adopted; also the queue of what other
 * workers hand over, which is one more listener here. Pauses when there is no
 * room, ends without losing what is queued.
 *
 * The sockets are the keeper's. A worker only ever closes its copies: what is
 * queued stays for whoever accepts next, until the keeper ends the socket.
 */
#ifndef WORKER_LISTEN_H
#define WORKER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/net/loop.h"
#include "shm/inherit.h"
#include "worker/clients.h"
#include "worker/handover.h"

struct listeners;

struct listener {
	struct loop_watch watch;
	struct listeners *all;
	struct list link;
	struct loop_task free_task;
	uint32_t id, slot;
	struct arrival arrival; /* of its connections, but for the peer */
};

struct listeners {
	struct clients *clients;
	struct loop *loop;
	struct handover handover;
	struct timer retry; /* after a lack of descriptors */
	bool paused;
	struct mono warned; /* of a lack of descriptors */
	uint64_t accepted;
	struct list items;
};

/* `in` is to outlive it. */
void listeners_init(struct listeners *ls, struct loop *l, struct clients *cs,
    const struct inherit *in);

/*
 * Takes over fd, a socket of listener id and worker slot `slot`; or its queue,
 * with LISTENER_HANDOVER. False (fd closed) when it cannot be watched.
 */
bool listener_add(struct listeners *ls, uint32_t slot, uint32_t id, int fd);

/* What this turn's configuration says of them holds from now on. */
void listeners_follow(struct listeners *ls);

/* Accepts until nothing is queued, then closes; whatever the slot. */
void listener_remove(struct listeners *ls, uint32_t id); /* 0: all */
void listeners_remove_all(struct listeners *ls);

/* Closes the slot's sockets: it accepts from them by itself again. */
void listeners_release(struct listeners *ls, uint32_t slot);

/* Closes what is left: a successor goes on accepting from the same sockets. */
void listeners_leave(struct listeners *ls);

#endif
