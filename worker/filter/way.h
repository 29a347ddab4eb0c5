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

/* What a trusted peer says, if it does, of the two below. */
struct slice way_told_proto(const struct req *q);
struct slice way_told_host(const struct req *q);

/* Of the connection that the request came on. */
static inline struct slice
way_scheme(const struct req *q)
{
	return q->tls != NULL ? SLICE_LIT("https") : SLICE_LIT("http");
}

/* "http" or "https", as the client has it. */
static inline struct slice
way_proto(const struct req *q)
{
	return q->trusted ? way_told_proto(q) : way_scheme(q);
}

/* The authority that the client asked for, as far as that is known. */
static inline struct slice
way_host(const struct req *q)
{
	return q->trusted ? way_told_host(q) : q->head.host;
}

#endif
