/*
 * problem.h - the body of an answer that the gateway makes by itself
 * (RFC 9457).
 */
#ifndef WORKER_FLOW_PROBLEM_H
#define WORKER_FLOW_PROBLEM_H

#include "worker/flow/env.h"
#include "worker/flow/why.h"

#define PROBLEM_BYTES 8192u

/*
 * Writes the problem of `why` into buf; returns its length. `detail` NULL: the
 * reason's help. It and `instance` may hold any bytes, of which no more than
 * 384 and 512 are told; `id` is one that trust_request_id gave, or, with
 * `made`, env_make_id.
 */
size_t problem_text(struct env *e, char buf[PROBLEM_BYTES], enum why why,
    const char *detail, struct slice instance, struct slice id, bool made);

#endif
