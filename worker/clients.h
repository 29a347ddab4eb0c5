/*
 * clients.h - all client connections of a worker: how many there may be, and
 * what happens to all of them at once.
 */
#ifndef WORKER_CLIENTS_H
#define WORKER_CLIENTS_H

#include "common/base/pool.h"
#include "common/http/h2.h"
#include "worker/client.h"

/* What the log has of single connections: of each kind not too often. */
enum clients_note {
	CLIENTS_HEADER, /* a bad PROXY header */
	CLIENTS_TLS,    /* a handshake that failed */
	CLIENTS_H2,     /* HTTP/2 was broken */
	CLIENTS_FLOOD,  /* or its limits were */
	CLIENTS_NOTES
};

struct clients {
	struct env *env;
	struct pool pool;
	struct pool works, h2s, streams; /* struct client_work and so on */
	struct list all;
	/*
	 * struct client_work: of those that may be idle; of those that the loop
	 * need not know yet; of nobody.
	 */
	struct list resting, aside, spare;
	uint32_t spares;
	/* Of the current generation; 0: no limit. */
	struct codec_limits limits;
	struct h2_limits h2_limits;
	uint32_t requests_max; /* of one connection */
	uint64_t min_rate;     /* bytes per second */
	uint32_t count, max;
	struct mono noted[CLIENTS_NOTES];
	/* A place became free again (listen.c waits for it); may be NULL. */
	void (*freed)(struct clients *cs);
	void *freed_ctx;
};

void clients_init(struct clients *cs, struct env *e, uint32_t max);
void clients_fini(struct clients *cs);

/* Takes over an accepted socket; closes it when there is no room. */
void clients_accept(struct clients *cs, int fd, const struct arrival *a);

/* Why a connection of this peer was closed; `fault`: half a sentence. */
void clients_note(struct clients *cs, enum clients_note what,
    const struct addr *peer, const char *fault);

/* From a client that has ended: its memory. */
void clients_give(struct clients *cs, struct client *c);

/*
 * Closes some connections that are idle between requests, those that were not
 * looked at for longest first, and says how many. Their places come free at the
 * end of a turn.
 */
uint32_t clients_make_room(struct clients *cs);

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
