/*
 * limit.h - the filters of rate_limits. One counts by what anybody can say of
 * himself, before somebody looks who it is; the other by whom the request is
 * from. What is charged by either is given back when one of them refuses.
 */
#ifndef WORKER_FILTER_LIMIT_H
#define WORKER_FILTER_LIMIT_H

#include "worker/flow/pipeline.h"

enum verdict limit_request(struct req *q);
enum verdict late_limit_request(struct req *q);

/* Of both: says how much is left, once. */
void limit_answer(struct req *q, struct head *h);

/*
 * The name of the limit that refused q, or else of that with the least left,
 * and how much that is. Empty: none was counted.
 */
struct slice limit_named(const struct req *q, uint32_t *left);

#endif
