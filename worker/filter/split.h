/*
 * split.h - the filter that chooses one of the services between which a route's
 * requests are split.
 */
#ifndef WORKER_FILTER_SPLIT_H
#define WORKER_FILTER_SPLIT_H

#include <stdint.h>

#include "shm/image.h"
#include "worker/flow/pipeline.h"

/*
 * The arm for a key, by its hash: the same in every worker, generation and
 * gateway. Each gets its weight's share of all keys. NULL where none has any.
 */
const struct img_arm *
split_choose(const struct img_arm *arms, uint32_t count, uint64_t hash);

enum verdict split_request(struct req *q);

#endif
