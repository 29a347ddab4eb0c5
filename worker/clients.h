/*
 * clients.h - all client connections of a worker: how many there may be, and
 * what happens to all of them at once.
 */
#ifndef WORKER_CLIENTS_H
#define WORKER_CLIENTS_H

#include "common/base/pool.h"
#include "worker/client.h"

struct clients {
	struct env *env;
	struct pool pool;
	struct list all;
	struct codec_limits limits; /* of the current generation */
	uint32_t count, max;
	/* A place became free again (listen.c waits for it); may be NULL. */
	void (*freed)(struct clients *cs);
	void *freed_ctx;
};

void clients_init(struct clients *cs, struct env *e, uint32_t max);
void clients_fini(struct clients *cs);

/* Takes over an accepted socket; closes it when there is no room. */
void clients_accept(struct clients *cs, int fd, const struct addr *peer);

/* From a client that has ended: its memory. */
void clients_give(struct clients *cs, struct client *c);

/*
 * Closes some connections that are idle between requests, those that were not
 * looked at for longest first. Their places come free within this turn.
 */
void clients_make_room(struct clients *cs);

/* Graceful stop: what is idle is closed, the rest after its answer. */
void clients_drain(struct clients *cs);

/* The time is over: ends all requests (stopping) and closes everything. */
void clients_stop(struct clients *cs);

/* Ends requests on generations below `generation` (generation_expired). */
void clients_expire(struct clients *cs, uint64_t generation);

#endif
