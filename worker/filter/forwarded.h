/*
 * forwarded.h - what an upstream is told about the client and the way here.
 */
#ifndef WORKER_FILTER_FORWARDED_H
#define WORKER_FILTER_FORWARDED_H

#include "worker/flow/pipeline.h"

/*
 * Makes req->up from req->head: hop-by-hop fields removed (RFC 9110 7.6.1);
 * X-Request-ID, X-Forwarded-For/-Proto/-Host/-Port, Forwarded (RFC 7239) and
 * Via set; what the trace says (trace_fields.h). Fields of told.h, and
 * credentials that go no further, are removed. What a client says of itself in
 * these is not believed: it is replaced, unless the peer is trusted (way.h).
 *
 * It runs behind whatever may refuse the request.
 */
enum verdict forwarded_request(struct req *q);

#endif
