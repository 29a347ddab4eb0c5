/*
 * auth_claims.c - see auth_claims.h.
 */
#include "worker/filter/auth_claims.h"

static enum why
claims_why(enum claims_result result)
{
	switch (result) {
	case CLAIMS_OK:
		break;
	case CLAIMS_EXPIRED:
		return WHY_TOKEN_EXPIRED;
	case CLAIMS_EARLY:
		return WHY_TOKEN_EARLY;
	case CLAIMS_ISSUER:
		return WHY_TOKEN_ISSUER;
	case CLAIMS_AUDIENCE:
		return WHY_TOKEN_AUDIENCE;
	case CLAIMS_MALFORMED:
	case CLAIMS_MISSING:
		return WHY_TOKEN_CLAIMS;
	}
	return WHY_OK;
}

/* Whoever was asked just now has looked at times, by a clock of its own: the
 * expiry alone counts here, too (identity_holds). */
static int64_t
leeway_of(const struct img_auth *a)
{
	return a->type == IMG_AUTH_INTROSPECTION
	    ? INT64_MAX
	    : (int64_t)(a->leeway_us / 1000000);
}

/* Of nothing, and of no memory, NULL: the count tells which. */
static const struct slice *
slices_of(struct req *q, struct img_span span, size_t *count)
{
	const struct img_str *all = img_at(q->image, span.off);
	struct slice *out = NULL;

	*count = span.count;
	if (span.count != 0)
		out = arena_alloc(&q->arena, span.count * sizeof(*out));
	for (uint32_t i = 0; out != NULL && i < span.count; i++)
		out[i] = img_slice(q->image, all[i]);
	return out;
}

enum why
auth_claims_read(struct auth_try *t, struct slice payload, struct claims *out)
{
	struct req *q = t->q;
	const struct img_auth *a = t->auth;
	char *room = arena_alloc(&q->arena, payload.n);
	struct claims_want want = {
		.now_s = env_now_s(),
		.leeway_s = leeway_of(a),
	};

	want.issuers = slices_of(q, a->issuers, &want.issuer_count);
	want.audiences = slices_of(q, a->audiences, &want.audience_count);
	want.required = slices_of(q, a->required, &want.required_count);
	if (arena_failed(&q->arena))
		return WHY_OVERLOADED;
	return claims_why(claims_read(payload, room, &want, out));
}
