/*
 * shed.h - requests that are sent away because the gateway has too much to do.
 */
#ifndef WORKER_FLOW_SHED_H
#define WORKER_FLOW_SHED_H

#include "worker/flow/req.h"

/* The same, while there is pressure. */
bool shed_draws(struct req *q);

/*
 * Once for each request whose route is known. True: it was refused, and has
 * ended.
 */
static inline bool
shed_refuses(struct req *q)
{
	q->env->shed_asked[q->match.route->class]++;
	return q->env->pressure != 0 && shed_draws(q);
}

/* It was, and its connection goes with it. */
static inline bool
shed_closes(const struct req *q)
{
	return q->why == WHY_SHED && q->env->shed_closes;
}

#endif
