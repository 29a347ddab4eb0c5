/*
 * client.h - one client connection: socket, codec, deadlines, and the request
 * that is on it, or with HTTP/2 those that are.
 *
 *   PROXIED -> SECURING -> FRESH -> HEAD -> BUSY -> IDLE -> HEAD ...
 *                                             \-> CLOSING (flush, linger)
 *                                                      -> CLOSED
 */
#ifndef WORKER_CLIENT_H
#define WORKER_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/io.h"
#include "worker/flow/req.h"

enum client_state {
	CLIENT_PROXIED,  /* accepted, a PROXY header comes first */
	CLIENT_SECURING, /* the TLS handshake comes, or is under way */
	CLIENT_FRESH,    /* no byte of a request yet */
	CLIENT_HEAD,     /* a part of a head is here; not with HTTP/2 */
	CLIENT_BUSY,     /* a request is on it */
	CLIENT_IDLE,     /* between requests */
	CLIENT_CLOSING,
	CLIENT_CLOSED,
};

/* Which version of HTTP it speaks. */
enum client_speaks {
	CLIENT_H1,
	CLIENT_H2,
	CLIENT_EITHER, /* the first bytes say */
};

/*
 * A connection that was accepted, and of which nothing was read: what its
 * listener said of it then.
 */
struct arrival {
	struct addr peer;
	struct addr local;      /* the listener's address */
	uint32_t proxied;       /* 1: it begins with a PROXY header */
	uint32_t secured;       /* 1: TLS */
	uint32_t protocols;     /* IMG_PROTOCOL_* */
	uint32_t redirect_port; /* as in img_listener */
	uint32_t hops; /* how often a worker handed it to another one */
};

struct client_h2;
struct client_work;
struct clients;

/*
 * What an idle connection carries; all that it needs for more than waiting is
 * in its work (client_work.h), taken when bytes come. Both ends are what a
 * request does not touch.
 */
struct client {
	struct list link; /* in clients.all */
	struct timer timer;
	struct clients *all;
	struct client_work *work; /* NULL: idle, or nothing was read yet */
	struct req *req;          /* NULL: none; those of HTTP/2 are in h2 */
	struct client_h2 *h2;     /* NULL: HTTP/1, or nothing was read yet */
	/* Its peer is that of the socket, or as the PROXY header says. */
	struct req_via via;
	uint32_t requests; /* so far */
	uint32_t permit;   /* of its address; PERMIT_NONE: not counted */
	uint8_t state;     /* enum client_state */
	uint8_t speaks;    /* enum client_speaks */
	uint8_t protocols; /* that its listener takes: IMG_PROTOCOL_* */
	bool secured;      /* TLS: after the PROXY header, if there is one */
	bool linger;       /* closing: the client may still be sending */
	struct io io;      /* its task is the client's own when it is closed */
};

/*
 * Takes an accepted socket over, with c's memory uninitialised. False with
 * errno; the caller then closes fd. Else client_begin is next.
 */
bool client_open(
    struct client *c, struct clients *all, int fd, const struct arrival *a);
void client_begin(struct client *c);

/*
 * Ends it at once; without a request on it. Freed at the end of the turn. Not
 * from within an event of its codec.
 */
void client_close(struct client *c, bool reset);

/* us from now; 0: none. What then happens depends on the state. */
void client_deadline(struct client *c, uint64_t us);

/* Idle, its answers taken, and nothing of a next request has arrived. */
bool client_quiet(const struct client *c);

#endif
