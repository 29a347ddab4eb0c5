/*
 * admin_door.h - where clients of the admin API come in: a listening socket,
 * and a few clients at a time.
 */
#ifndef MASTER_ADMIN_DOOR_H
#define MASTER_ADMIN_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/list.h"
#include "common/net/loop.h"

#define ADMIN_CLIENTS_MAX 16  /* of each door */
#define ADMIN_IDLE_US 1000000 /* then a client may have to leave */

struct admin;
struct admin_door;

struct admin_door_owner {
	/* Takes the connected socket over, and counts it, or closes it. */
	void (*serve)(struct admin_door *door, int fd);
	/* Closes one client that is idle for long enough; false: none is. */
	bool (*make_room)(struct admin_door *door);
};

struct admin_door {
	struct admin *admin;
	struct loop *loop;
	const struct admin_door_owner *owner;
	struct loop_watch watch; /* the listening socket; fd -1: none */
	struct list clients;     /* the owner's; the oldest first */
	uint32_t count;          /* of them */
	struct timer again;      /* somebody may be idle for long enough */
	bool guarded; /* what tells or changes anything needs the token */
};

/* d->admin, loop, owner and guarded are set. fd: -1, or the door's from now on.
 * False with errno. */
bool admin_door_init(struct admin_door *d, int fd);
/* The owner's clients are gone already. */
void admin_door_fini(struct admin_door *d);

/* A client has left. */
void admin_door_left(struct admin_door *d);

#endif
