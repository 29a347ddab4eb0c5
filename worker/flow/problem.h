/*
 * problem.h - the body of an answer that the gateway makes by itself
 * (RFC 9457).
 */
#ifndef WORKER_FLOW_PROBLEM_H
#define WORKER_FLOW_PROBLEM_H

#include "worker/flow/env.h"
#include "worker/flow/why.h"

#define PROBLEM_BYTES 2048u

/*
 * Writes the problem of `why` into buf; returns its length. `detail` NULL: the
 * reason's help. `instance` and `id` may hold any bytes.
 */
size_t problem_text(struct env *e, char buf[PROBLEM_BYTES], enum why why,
    const char *detail, struct slice instance, struct slice id);

#endif
