/*
 * explain_claims.c - in place of the filter "authenticate": where it was said
 * whom the request is from, nobody else is asked.
 */
#include "worker/explain_state.h"

#include "worker/filter/auth_parts.h"
#include "worker/filter/authenticate.h"
#include "worker/flow/identity.h"

static void
claims_unref(void *arg)
{
	identity_unref(arg);
}

/* Whose names the claims go by: tokens are the likeliest. */
static const struct img_auth *
claims_auth(const struct req *q)
{
	const struct img_span *span = &q->match.route->authenticate;
	const uint32_t *list = img_at(q->image, span->off);
	const struct img_auth *all =
	    img_at(q->image, q->image->access.authenticators.off);

	for (uint32_t i = 0; i < span->count; i++)
		if (all[list[i]].type == IMG_AUTH_JWT)
			return &all[list[i]];
	return &all[list[0]];
}

static struct identity *
claims_identity(struct req *q, struct slice text)
{
	const struct img_auth *a = claims_auth(q);
	struct identity_parts parts = { .type = (uint8_t)a->type,
		.authenticator = img_slice(q->image, a->name),
		.claims = text,
		.issued_s = INT64_MIN,
		.expires_s = INT64_MAX };
	struct json_members all;

	if (!json_read_members(text, &all) ||
	    !auth_parts_claims(q->image, a, &all, &q->arena, &parts))
		return NULL;
	return identity_new(&parts);
}

static enum verdict
claims_request(struct req *q)
{
	struct explain *e = CONTAINER_OF(q->env, struct explain, env);
	struct slice claims = e->now->ask->claims;

	if (claims.n == 0)
		return authenticate_request(q);
	q->identity = claims_identity(q, claims);
	if (q->identity != NULL &&
	    arena_defer(&q->arena, claims_unref, q->identity))
		return GO_ON;
	req_fail(q, WHY_TOKEN_CLAIMS);
	return DONE;
}

void
explain_claims_filter(struct filter *f)
{
	f->request = claims_request;
}
