/*
 * correlation.h - the id by which a client, or whoever is in front of us, finds
 * all that one matter of its has caused: it goes on to endpoints, and back with
 * the answer. Anybody may choose it: it decides nothing.
 */
#ifndef WORKER_FILTER_CORRELATION_H
#define WORKER_FILTER_CORRELATION_H

#include "worker/flow/req.h"

#define CORRELATION_MAX 128 /* bytes */

/*
 * The client's, if it sent one that is sane, else the request's id; empty
 * where the rule names no field.
 */
struct slice
correlation_choose(const struct req *q, const struct img_tracing *rule);

/*
 * q->trace's into what goes upstream, which has room for it, unless that says
 * so already.
 */
void correlation_tell(struct req *q, const struct img_tracing *rule);

/* Into the answer, in place of what its origin says there. */
void correlation_answer(struct req *q, struct head *h);

#endif
