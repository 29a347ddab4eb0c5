/*
 * balance_key.h - what a request is hashed by where its service says `hash`.
 */
#ifndef WORKER_ORIGIN_BALANCE_KEY_H
#define WORKER_ORIGIN_BALANCE_KEY_H

#include <stdint.h>

#include "worker/flow/req.h"

/*
 * The hash of the key that q->service names, the same in every worker and after
 * every start; a random one when the request has no such header or cookie. The
 * image must still be pinned.
 */
uint64_t balance_key_hash(const struct req *q);

#endif
