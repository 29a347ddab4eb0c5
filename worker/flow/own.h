/*
 * own.h - requests that are about the gateway itself, or that it never serves,
 * whatever the routes say.
 */
#ifndef WORKER_FLOW_OWN_H
#define WORKER_FLOW_OWN_H

#include "worker/flow/req.h"

/*
 * Before routing. True when q was one of them, or is wanted on https: it was
 * answered.
 */
bool own_answers(struct req *q);

/*
 * The number in q's Max-Forwards (RFC 9110 7.6.2); false where there is none,
 * or none that can be read.
 */
bool own_max_forwards(const struct req *q, uint32_t *left);

#endif
