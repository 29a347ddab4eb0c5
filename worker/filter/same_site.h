/*
 * same_site.h - whether a request that a browser adds cookies to comes from a
 * page of the same site: what keeps other sites from using them (CSRF).
 */
#ifndef WORKER_FILTER_SAME_SITE_H
#define WORKER_FILTER_SAME_SITE_H

#include "worker/flow/req.h"

/*
 * A safe method is let pass, unless the protocol is to be switched: a WebSocket
 * is read by whoever opened it. Else the browser has to say that page and
 * target are of one origin: by Sec-Fetch-Site, else Origin, else Referer. An
 * origin that the route's CORS policy lets in with credentials will do, too.
 * Who says nothing is refused.
 */
bool same_site(const struct req *q);

#endif
