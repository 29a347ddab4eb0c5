/*
 * trace.h - the filter that makes a request a part of a trace, its parent's or
 * one that begins here; and the correlation id, which goes both ways. Endpoints
 * are told by trace_fields.h.
 *
 * The ids of a trace are believed from anybody, what the parent decided about
 * sampling only from a trusted peer.
 */
#ifndef WORKER_FILTER_TRACE_H
#define WORKER_FILTER_TRACE_H

#include "worker/flow/pipeline.h"

enum verdict trace_request(struct req *q);
void trace_answer(struct req *q, struct head *h);

#endif
