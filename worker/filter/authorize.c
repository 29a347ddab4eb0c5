/*
 * authorize.c - see authorize.h. What was decided, and on what it rests, stays
 * in the request; the client is told the reason alone.
 */
#include "worker/filter/authorize.h"

#include "worker/filter/challenge.h"
#include "worker/flow/req.h"

enum why
authorize_why(enum decision_kind kind)
{
	switch (kind) {
	case DECISION_ALLOWED:
		break;
	case DECISION_NO_IDENTITY:
		return WHY_NO_CREDENTIALS;
	case DECISION_ROLE:
		return WHY_ROLE_MISSING;
	case DECISION_PERMISSION:
		return WHY_PERMISSION_MISSING;
	case DECISION_TENANT:
		return WHY_TENANT_MISMATCH;
	case DECISION_CLAIM:
		return WHY_CLAIM_MISMATCH;
	case DECISION_DENIED:
		return WHY_DENIED;
	case DECISION_NO_MEMORY:
		return WHY_OVERLOADED;
	}
	return WHY_OK;
}

enum verdict
authorize_request(struct req *q)
{
	const struct img_authorize *all =
	    img_at(q->image, q->image->access.authorizes.off);
	const struct img_authorize *a = &all[q->match.route->authorize];
	struct decision *d = arena_alloc(&q->arena, sizeof(*d));
	struct template_vars v;
	bool evaluates = decide_evaluates(a);

	if (d == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	if (evaluates)
		req_vars(q, &v);
	decide(q->image, a, q->identity, evaluates ? &v : NULL, &q->arena, d);
	q->decision = d;
	if (arena_failed(&q->arena))
		d->kind = DECISION_NO_MEMORY;
	if (d->kind == DECISION_ALLOWED)
		return GO_ON;
	challenge_refuse(q, authorize_why(d->kind), NULL);
	return DONE;
}
