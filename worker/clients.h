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
	/* Of the current generation; 0: no limit. */
	struct codec_limits limits;
	uint32_t requests_max; /* of one connection */
	uint64_t min_rate;     /* bytes per second */
	uint32_t count, max;
	struct mono warned; /* of a bad PROXY header */
	/* A place became free again (listen.c waits for it); may be NULL. */
	void (*freed)(struct clients *cs);
	void *freed_ctx;
};

void clients_init(struct clients *cs, struct env *e, uint32_t max);
void clients_fini(struct clients *cs);

/* Takes over an accepted socket; closes it when there is no room. */
void clients_accept(struct clients *cs, int fd, const struct arrival *a);

/* Logs, not too often, that the PROXY header of a peer has a fault. */
void clients_warn_header(
    struct clients *cs, const struct addr *peer, const char *fault);

/* From a client that has ended: its memory. */
void clients_give(struct clients *cs, struct client *c);

/*
 * Closes some connections that are idle between requests, those that were not
 * looked at for longest first. Their places come free within this turn.
 */
void clients_make_room(struct clients *cs);

/* Graceful stop: what is idle is closed, the rest after its answer. */
void clients_drain(struct clients *cs);

/*
 * The time is over: ends all requests (stopping) and closes everything, but for
 * what has a last word to say first; false when there is no such thing.
 */
bool clients_leave(struct clients *cs);

/* That, too. */
void clients_stop(struct clients *cs);

/* Ends requests on generations below `generation` (generation_expired). */
void clients_expire(struct clients *cs, uint64_t generation);

#endif
