/*
 * debug.h - requests whose client may see what becomes of them: they bear a
 * token (shm/debug_token.h), and their answer says their steps.
 *
 *	> Penstock-Debug: 1.1767225600.C8Kq...
 *	< Penstock-Trace: route;name="users";service="users", forwarded;us=3,
 *	    authenticate;us=210;wait, forward;us=5320,
 *	    call;to="127.0.0.1:9001";us=5109;status=200,
 *	    answer;status=200;us=5611
 *
 * A list of RFC 9651: the route, the filters that ran with the microseconds
 * that each took, the calls to endpoints, what the answer is and, if it is the
 * gateway's own, why.
 */
#ifndef WORKER_FLOW_DEBUG_H
#define WORKER_FLOW_DEBUG_H

#include "worker/flow/req.h"

/* Its token is looked at, counted, and taken out of its head. */
void debug_look(struct req *q);

/* Before anything else looks at the request. */
static inline void
debug_begin(struct req *q)
{
	if (head_has(&q->head, FIELD_PENSTOCK_DEBUG))
		debug_look(q);
}

/* q, which is watched, is answered by h. */
void debug_answer(struct req *q, struct head *h);

#endif
