/*
 * transform.h - what a route changes: the target (rewrite), the Host, and
 * header fields both ways.
 */
#ifndef WORKER_FILTER_TRANSFORM_H
#define WORKER_FILTER_TRANSFORM_H

#include "worker/flow/pipeline.h"

/*
 * Sets req->up.target: the normalised path, or the rewrite, which is
 * normalised again so that no capture can lead out of it.
 */
enum verdict transform_request(struct req *q);

/* Applies the route's response_headers. */
void transform_answer(struct req *q, struct head *h);

#endif
