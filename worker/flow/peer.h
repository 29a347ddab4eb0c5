/*
 * peer.h - what a client's TLS says of it: conditions of routes and templates
 * go by that.
 */
#ifndef WORKER_FLOW_PEER_H
#define WORKER_FLOW_PEER_H

#include <stdbool.h>

#include "common/net/tls.h"
#include "shm/image.h"

/* All empty on a plain connection. */
struct peer {
	bool shown;           /* a certificate, and it holds */
	struct tls_peer cert; /* empty when none was shown */
	struct slice version; /* "TLSv1.3" */
	struct slice sni;     /* the name that it asked for */
};

/* `tls` may be NULL; what p points at ends with it. */
void peer_look(struct peer *p, struct tls *tls);

/*
 * The same for conditions only, which go by the certificate: false without one,
 * and p is not to be looked at.
 */
bool peer_shows(struct peer *p, struct tls *tls);

/*
 * Whether a COND_CLIENT_* condition holds whose value is given. p may be NULL:
 * nothing is known.
 */
bool peer_fits(
    const struct peer *p, const struct img_condition *c, struct slice value);

#endif
