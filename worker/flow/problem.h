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
 * reason's help. All three may hold any bytes; of `instance` no more than 512
 * are told, of `detail` 384, of `id` 128.
 */
size_t problem_text(struct env *e, char buf[PROBLEM_BYTES], enum why why,
    const char *detail, struct slice instance, struct slice id);

#endif
