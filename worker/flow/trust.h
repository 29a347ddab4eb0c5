/*
 * trust.h - whom a request comes from, when it comes through proxies.
 *
 *   client --- proxy A --- proxy B === this gateway
 *                          (peer)
 *   X-Forwarded-For: client, A         as B sends it
 *
 * Only what a trusted peer says is read, and it only as far as the chain is
 * trusted: the first address from the right that is not is the client.
 */
#ifndef WORKER_FLOW_TRUST_H
#define WORKER_FLOW_TRUST_H

#include <stdbool.h>

#include "common/http/head.h"
#include "shm/image.h"

/* Whether trusted_proxies has the address. */
static inline bool
trust_has(const struct img_head *img, const struct addr *a)
{
	return img->trusted.count != 0 &&
	    ranges_have(img_at(img, img->trusted.off), img->trusted.count, a);
}

/*
 * The client of a request whose peer is trusted. *client is that peer, and
 * stays it when X-Forwarded-For names nobody. Its port is 0 where none is
 * given.
 */
void trust_client(
    const struct img_head *img, const struct head *h, struct addr *client);

/* The X-Request-ID of such a request; empty when there is no usable one. */
struct slice trust_request_id(const struct head *h);

/* It says, once, that the client came by https. */
bool trust_https(const struct head *h);

#endif
