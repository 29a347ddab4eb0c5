/*
 * audited.h - what of requests belongs into the audit log: who was refused, who
 * was let in, who got tokens. Written down before the client hears of it; what
 * cannot be written down, and must be, is answered with WHY_AUDIT_FULL instead.
 */
#ifndef WORKER_FLOW_AUDITED_H
#define WORKER_FLOW_AUDITED_H

#include "shm/audit.h"
#include "worker/flow/req.h"

/* audited_before of what is written down. */
bool audited_before_written(struct req *q, enum audit_event e);

/* False: it must not be done. */
static inline bool
audited_before(struct req *q, enum audit_event e)
{
	return !audit_wants(q->env->region, e) || audited_before_written(q, e);
}

/* It was done, or ends, as `why` says. */
void audited_write(struct req *q, enum audit_event e, enum why why);

/* audited_refusal where there is an audit log. */
enum why audited_refusal_written(struct req *q, enum why why);

/*
 * q is about to be refused: returns the reason that it may be refused for,
 * which is `why` or WHY_AUDIT_FULL. Most reasons are none for the audit log.
 */
static inline enum why
audited_refusal(struct req *q, enum why why)
{
	return q->env->region->audit_events != 0
	    ? audited_refusal_written(q, why)
	    : why;
}

#endif
