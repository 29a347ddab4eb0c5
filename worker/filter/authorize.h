/*
 * authorize.h - the filter that lets pass whom the route's `authorize` allows.
 */
#ifndef WORKER_FILTER_AUTHORIZE_H
#define WORKER_FILTER_AUTHORIZE_H

#include "worker/flow/decide.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/why.h"

/* The reason for what was decided; WHY_OK: allowed. */
enum why authorize_why(enum decision_kind kind);

enum verdict authorize_request(struct req *q);

#endif
