/*
 * acl.c - see acl.h.
 */
#include "worker/filter/acl.h"

#include "worker/flow/req.h"

enum verdict
acl_request(struct req *q)
{
	if (image_lets_in(q->image, q->match.route->acl, &q->client))
		return GO_ON;
	req_fail(q, WHY_ACL_DENIED);
	return DONE;
}
