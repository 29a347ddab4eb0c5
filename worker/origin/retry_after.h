/*
 * retry_after.h - how long an endpoint that answered wants to be left alone
 * (RFC 9110 10.2.3).
 */
#ifndef WORKER_ORIGIN_RETRY_AFTER_H
#define WORKER_ORIGIN_RETRY_AFTER_H

#include "common/base/clock.h"
#include "common/http/head.h"

/*
 * In us, from now on. 0: it does not say, or not in one field of that grammar,
 * or that time is over.
 */
uint64_t retry_after_us(const struct head *h, struct wall now);

#endif
