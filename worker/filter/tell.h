/*
 * tell.h - the filter that tells the upstream who it is, in the fields of
 * identity_headers. Copies of a client are gone by then, on every route: see
 * told.h.
 */
#ifndef WORKER_FILTER_TELL_H
#define WORKER_FILTER_TELL_H

#include "worker/flow/pipeline.h"

enum verdict tell_request(struct req *q);

#endif
