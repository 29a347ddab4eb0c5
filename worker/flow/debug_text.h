/*
 * debug_text.h - the steps of a request as the value of a field (debug.h).
 */
#ifndef WORKER_FLOW_DEBUG_TEXT_H
#define WORKER_FLOW_DEBUG_TEXT_H

#include "common/base/text.h"
#include "worker/flow/req.h"

/* Of q, which is watched, and answered with this status. */
void debug_text(const struct req *q, unsigned status, struct text *t);

#endif
