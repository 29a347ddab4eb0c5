/*
 * wire.h - a connection to an endpoint below its protocol: socket, TLS, permit,
 * counts. Part of a solo or a mux.
 */
#ifndef WORKER_ORIGIN_WIRE_H
#define WORKER_ORIGIN_WIRE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/io.h"
#include "common/net/tls.h"
#include "worker/origin/origin.h"

#define WIRE_FIELDS_MAX 256u /* of an answer's head */

struct wire {
	struct env *env;
	struct tls_client *policy; /* NULL: plain. A reference of its own */
	struct endpoint_handle handle;
	uint32_t service;
	bool bounded; /* its endpoint has a bound, as its last call says */
	struct io io;
	uint64_t name_hash; /* of the name that was verified */
	uint32_t permit;    /* its ticket */
};

/*
 * Takes a permit and starts connecting. False with errno, and nothing is open;
 * EUSERS: no permit.
 */
bool wire_open(struct wire *w, struct env *e, const struct origin_want *want,
    const struct io_events *events);

/* Just opened: `connected` will come, else it is so already. */
static inline bool
wire_connects(const struct wire *w)
{
	return w->io.connecting || w->policy != NULL;
}

/*
 * Closes, and drops the permit: when the socket is closed, or another worker's
 * would be one too many; and before the connection leaves the rows of active or
 * idle ones, because an endpoint's slot may be freed and reused as soon as they
 * say zero.
 */
void wire_close(struct wire *w);

/* Moves what went over it into the counters. */
void wire_count_bytes(struct wire *w);

/*
 * `connected` came: counts a handshake. False: over TLS, the endpoint has not
 * agreed to `protocol` ("h2"; empty: HTTP/1.1, which needs no agreement).
 */
bool wire_connected(struct wire *w, struct slice protocol);

/* `failed` came, with this error. The reason; counts, and logs a bad
 * handshake. */
enum why wire_failed(struct wire *w, bool connecting, int error);

/* It is what another call wants, too. */
bool wire_fits(const struct wire *w, const struct origin_want *want);

enum wire_look {
	WIRE_QUIET, /* open, and nothing has arrived */
	WIRE_STIRS, /* something has, which is still to be read */
	WIRE_GONE,  /* the peer has closed */
};
enum wire_look wire_look(const struct wire *w);

#endif
