/*
 * way.h - what an upstream is told of the way that a request has come.
 */
#ifndef WORKER_FILTER_WAY_H
#define WORKER_FILTER_WAY_H

#include "worker/flow/req.h"

/*
 * Adds X-Forwarded-For, -Proto, -Host, -Port and Forwarded (RFC 7239) to
 * req->up, five fields. A trusted peer's are kept where they make sense, and
 * For and Forwarded grow by one entry; those of others do not count.
 */
void way_add(struct req *q);

/* "http" or "https", as the client has it. */
struct slice way_proto(const struct req *q);

/* The authority that the client asked for, as far as that is known. */
struct slice way_host(const struct req *q);

#endif
