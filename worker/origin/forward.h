/*
 * forward.h - the last filter: a policy over calls. It chooses an endpoint,
 * sends the request, streams the answer back, and sends the request again where
 * the service's `retry` says so.
 */
#ifndef WORKER_ORIGIN_FORWARD_H
#define WORKER_ORIGIN_FORWARD_H

#include "worker/flow/pipeline.h"

/* The filter's function: takes over req->up. */
enum verdict forward_request(struct req *q);

/*
 * The filter "fallback": keeps req->up as it is, before what is made of it for
 * the service alone. Where that cannot answer, req goes back to the filters
 * behind this one, with another service; they may run a second time.
 */
enum verdict forward_prepare(struct req *q);

/* It is at work on q. */
bool forward_works(const struct req *q);

#endif
