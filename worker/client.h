/*
 * client.h - one client connection: socket, codec, deadlines, and the request
 * that is on it.
 *
 *   FRESH -> HEAD -> BUSY -> IDLE -> HEAD ...
 *                      \-> CLOSING (flush, linger) -> CLOSED
 */
#ifndef WORKER_CLIENT_H
#define WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/pool.h"
#include "common/http/h1.h"
#include "common/net/io.h"
#include "worker/flow/req.h"

enum client_state {
	CLIENT_FRESH, /* accepted, no byte yet */
	CLIENT_HEAD,  /* a part of a head is here */
	CLIENT_BUSY,  /* a request is on it */
	CLIENT_IDLE,  /* between requests */
	CLIENT_CLOSING,
	CLIENT_CLOSED,
};

struct clients;

struct client {
	struct io io;
	struct h1 codec;
	struct timer timer;
	struct loop_task free_task;
	struct list link; /* in clients.all */
	struct clients *all;
	struct req *req; /* NULL: none */
	struct addr addr;
	uint64_t sent_mark; /* io.bytes_out when the send deadline was set */
	uint8_t state;      /* enum client_state */
	bool linger;        /* closing: the client may still be sending */
};

/* All client connections of this worker. */
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
void client_accept(struct clients *cs, int fd, const struct addr *peer);

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
