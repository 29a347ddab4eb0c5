/*
 * client.h - one client connection: socket, codec, deadlines, and the request
 * that is on it.
 *
 *   PROXIED -> FRESH -> HEAD -> BUSY -> IDLE -> HEAD ...
 *                                 \-> CLOSING (flush, linger) -> CLOSED
 */
#ifndef WORKER_CLIENT_H
#define WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/http/h1.h"
#include "common/net/io.h"
#include "worker/client_rate.h"
#include "worker/flow/req.h"

enum client_state {
	CLIENT_PROXIED, /* accepted, a PROXY header comes first */
	CLIENT_FRESH,   /* accepted, no byte yet */
	CLIENT_HEAD,    /* a part of a head is here */
	CLIENT_BUSY,    /* a request is on it */
	CLIENT_IDLE,    /* between requests */
	CLIENT_CLOSING,
	CLIENT_CLOSED,
};

/* A connection that was accepted, and of which nothing was read. */
struct arrival {
	struct addr peer;
	uint32_t proxied; /* 1: it begins with a PROXY header */
	uint32_t hops;    /* how often a worker handed it to another one */
};

struct clients;

struct client {
	struct io io;
	struct h1 codec;
	struct timer timer;
	struct loop_task free_task;
	struct list link; /* in clients.all */
	struct clients *all;
	struct req *req;   /* NULL: none */
	struct addr addr;  /* of the peer, or as the PROXY header says */
	struct mono until; /* what the state is about ends then */
	struct client_rate rate;
	uint64_t sent_mark; /* io.bytes_out when the send deadline was set */
	struct mono linger_until;
	uint32_t linger_left; /* bytes */
	uint32_t permit;      /* of its address; PERMIT_NONE: not counted */
	uint32_t requests;    /* so far */
	uint8_t state;        /* enum client_state */
	bool linger;          /* closing: the client may still be sending */
};

/*
 * Begins on an accepted socket, with c's memory uninitialised. False with
 * errno; the caller then closes fd.
 */
bool client_open(
    struct client *c, struct clients *all, int fd, const struct arrival *a);

/* Ends it at once; without a request on it. Freed at the end of the turn. */
void client_close(struct client *c, bool reset);

/* us from now; 0: none. What then happens depends on the state. */
void client_deadline(struct client *c, uint64_t us);

/* Idle, its answers taken, and nothing of a next request has arrived. */
bool client_quiet(const struct client *c);

#endif
