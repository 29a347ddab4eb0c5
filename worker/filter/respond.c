/*
 * respond.c - see respond.h.
 */
#include "worker/filter/respond.h"

#include "worker/flow/reply.h"

enum verdict
respond_request(struct req *q)
{
	reply_respond(q, q->match.route->respond, WHY_RESPOND);
	return DONE;
}
