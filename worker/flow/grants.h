/*
 * grants.h - what an identity may do: its roles and permissions as bits of one
 * configuration, and the decision about what a route demands.
 *
 * Pure: the image, the identity and the request's values in, a decision out; so
 * `penstockctl can` decides by the very same code.
 */
#ifndef WORKER_FLOW_GRANTS_H
#define WORKER_FLOW_GRANTS_H

#include "common/base/arena.h"
#include "common/base/text.h"
#include "shm/img_access.h"
#include "worker/flow/identity.h"
#include "worker/flow/template.h"

/* On the heap; owned by the identity. */
struct grants {
	uint64_t generation; /* of the image that the bits are of */
	uint64_t *roles, *permissions;
};

enum decision_kind {
	DECISION_ALLOWED,
	DECISION_NO_IDENTITY, /* anonymous, and something is demanded */
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
	struct slice
	    subject;   /* the role, permission, tenant or claim that lacks
			  or is met; in the image, or in the identity */
	uint32_t rule; /* DENIED: number of the deny rule, from 0 */
};

/* The bits of id for this image: kept in it. NULL: no memory. */
const struct grants *grants_of(const struct img_head *img, struct identity *id);

void grants_free(struct grants *g);

/* Decides about rule `a` (img_access.authorizes). `id` may be NULL. Texts that
 * templates make are in the arena. */
void grants_decide(const struct img_head *img, const struct img_authorize *a,
    struct identity *id, const struct template_vars *v, struct arena *arena,
    struct decision *d);

/* "role \"admin\" is missing": a sentence without a subject, for people. */
void grants_explain(const struct decision *d, struct text *out);

#endif
