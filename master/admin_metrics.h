/*
 * admin_metrics.h - GET /metrics: everything that is measured, in the format
 * that the client prefers.
 */
#ifndef MASTER_ADMIN_METRICS_H
#define MASTER_ADMIN_METRICS_H

#include "master/admin.h"
#include "master/admin_reply.h"

void admin_metrics_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
