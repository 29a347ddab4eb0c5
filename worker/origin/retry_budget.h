/*
 * retry_budget.h - requests to a service, and those of them that are sent
 * again, are counted for its budget over all workers (shm/budget.h).
 */
#ifndef WORKER_ORIGIN_RETRY_BUDGET_H
#define WORKER_ORIGIN_RETRY_BUDGET_H

#include "shm/image.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

/* A request is sent to the service for the first time. */
void retry_book(struct env *e, const struct img_service *s);

/*
 * One is to be sent to it again, after this; `leaving`: its endpoint was about
 * to close the connection. False: not now, and that is counted.
 *
 * A connection that was refused at once, or that was being closed, costs
 * nothing: the endpoint has not seen the request. All else does, also what is
 * none of the attempts.
 */
bool retry_afford(
    struct env *e, const struct img_service *s, enum why why, bool leaving);

#endif
