/*
 * respond.c - see respond.h.
 */
#include "worker/filter/respond.h"

#include "worker/flow/reply.h"

enum verdict
respond_request(struct req *q)
{
	const struct img_respond *all =
	    img_at(q->image, q->image->responds.off);
	const struct img_respond *r = &all[q->match.route->respond];
	struct template_vars v;
	struct slice body;

	req_vars(q, &v);
	body = template_eval(q->image, r->body, TEMPLATE_BODY, &v, &q->arena);
	if (arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	q->why = WHY_RESPOND;
	reply_body(
	    q, r->status, img_slice(q->image, r->content_type), body, NULL);
	return DONE;
}
