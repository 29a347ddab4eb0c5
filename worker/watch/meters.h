/*
 * meters.h - the numbers of a request that has ended, and of a call.
 */
#ifndef WORKER_WATCH_METERS_H
#define WORKER_WATCH_METERS_H

#include "worker/flow/req.h"

void meters_request(const struct req *q);

/* As env.call_ended. */
void meters_call(struct env *e, uint32_t service, uint32_t endpoint,
    unsigned code, uint64_t us);

#endif
