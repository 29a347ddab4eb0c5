/*
 * listen.h - this slot's listening sockets: accept, pause when there is no
 * room, end without losing what is queued.
 */
#ifndef WORKER_LISTEN_H
#define WORKER_LISTEN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/loop.h"
#include "shm/inherit.h"
#include "worker/clients.h"

struct listeners;

struct listener {
	struct loop_watch watch;
	struct listeners *all;
	uint32_t id; /* 0: unused place */
};

struct listeners {
	struct clients *clients;
	struct loop *loop;
	struct timer retry; /* after a lack of descriptors */
	bool paused;
	struct listener items[LISTENERS_MAX];
};

void listeners_init(struct listeners *ls, struct loop *l, struct clients *cs);

/* Takes over fd. False (fd closed) when it cannot be watched. */
bool listener_add(struct listeners *ls, uint32_t id, int fd);

/*
 * Accepts until nothing is queued, then shuts the socket down for every holder
 * and closes it (closing alone would reset what is queued).
 */
void listener_remove(struct listeners *ls, uint32_t id);
void listeners_remove_all(struct listeners *ls);

/* Closes what is left: a successor goes on accepting from the same sockets. */
void listeners_leave(struct listeners *ls);

#endif
