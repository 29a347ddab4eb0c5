/*
 * decide.h - the decision about what a route demands of an identity.
 *
 * Pure: the image, the identity and the request's values in, a decision out; so
 * `penstockctl can` decides by the very same code.
 */
#ifndef WORKER_FLOW_DECIDE_H
#define WORKER_FLOW_DECIDE_H

#include "common/base/arena.h"
#include "common/base/text.h"
#include "worker/flow/grants.h"
#include "worker/flow/template.h"

enum decision_kind {
	DECISION_ALLOWED,
	DECISION_NO_IDENTITY, /* nobody, and something is demanded */
	DECISION_ROLE,        /* none of any_role, or one of all_roles lacks */
	DECISION_PERMISSION,
	DECISION_TENANT,
	DECISION_CLAIM,
	DECISION_DENIED, /* a deny rule is met */
	DECISION_NO_MEMORY,
};

/* What was decided, and on what it rests: for people and the audit log. */
struct decision {
	enum decision_kind kind;
	/* What lacks: the first of the roles, the permission, the tenant that
	 * is demanded, the name of the claim. In the image, or the arena. */
	struct slice subject;
	uint32_t rule; /* DENIED: the number of the deny rule, from 1 */
};

/*
 * Decides by rule `a` (img_access.authorizes): a deny rule that is met wins,
 * then all that is given must hold. `id` may be NULL, and `v` where nothing is
 * evaluated. Texts that templates make are in the arena.
 */
void decide(const struct img_head *img, const struct img_authorize *a,
    struct identity *id, const struct template_vars *v, struct arena *arena,
    struct decision *d);

/* Rule `a` says something by templates; else decide looks at no values. */
static inline bool
decide_evaluates(const struct img_authorize *a)
{
	return a->allow.tenant.count != 0 || a->allow.claims.count != 0 ||
	    a->deny.count != 0;
}

/* A sentence about it: "no role \"admin\"". */
void decision_text(const struct decision *d, struct text *out);

#endif
