/*
 * challenge.c - see challenge.h.
 */
#include "worker/filter/challenge.h"

#define CHALLENGE_BYTES 512u /* of one */

static enum auth_scheme
scheme_of(const struct img_auth *a)
{
	switch ((enum img_auth_type)a->type) {
	case IMG_AUTH_API_KEY:
		return AUTH_SCHEME_API_KEY;
	case IMG_AUTH_BASIC:
		return AUTH_SCHEME_BASIC;
	case IMG_AUTH_MTLS:
		return AUTH_SCHEME_CERTIFICATE;
	case IMG_AUTH_JWT:
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
	case IMG_AUTH_TYPES:
		break;
	}
	return AUTH_SCHEME_BEARER;
}

/* The authenticator's own, and the error of a token (RFC 6750 3). */
static void
put_challenge(struct text *t, const struct req *q, const struct img_auth *a,
    enum why why, const struct challenge_bad *bad)
{
	text_add(t, img_slice(q->image, a->challenge));
	if (bad == NULL || bad->scheme != AUTH_SCHEME_BEARER ||
	    scheme_of(a) != AUTH_SCHEME_BEARER)
		return;
	text_add(
	    t, SLICE_LIT(", error=\"invalid_token\", error_description=\""));
	text_add(t, slice_str(why_table[why].help));
	text_add(t, SLICE_LIT("\""));
}

/* One for each scheme, of the first authenticator that takes it. */
static __attribute__((noinline)) struct slice
challenges_put(struct req *q, enum why why, const struct challenge_bad *bad,
    const struct img_auth *all)
{
	const struct img_span *span = &q->match.route->authenticate;
	const uint32_t *list = img_at(q->image, span->off);
	unsigned said = 0;
	size_t most = span->count < AUTH_SCHEMES ? span->count : AUTH_SCHEMES;
	size_t room =
	    most * CHALLENGE_BYTES + (bad != NULL ? bad->instead.n : 0);
	char *p = arena_alloc(&q->arena, room);
	struct text t;

	if (p == NULL)
		return SLICE_NONE;
	text_init_fixed(&t, p, room);
	for (uint32_t i = 0; i < span->count; i++) {
		const struct img_auth *a = &all[list[i]];
		enum auth_scheme scheme = scheme_of(a);

		if ((said >> scheme & 1) != 0)
			continue;
		said |= 1u << scheme;
		if (t.n != 0)
			text_add(&t, SLICE_LIT(", "));
		if (bad != NULL && bad->scheme == scheme && bad->instead.n != 0)
			text_add(&t, bad->instead);
		else
			put_challenge(&t, q, a, why, bad);
	}
	return text_slice(&t);
}

/* Nothing has to be put together for the most frequent of them. */
static struct slice
challenge_text(struct req *q, enum why why, const struct challenge_bad *bad)
{
	const struct img_span *span = &q->match.route->authenticate;
	const uint32_t *list = img_at(q->image, span->off);
	const struct img_auth *all =
	    img_at(q->image, q->image->access.authenticators.off);

	return bad == NULL && span->count == 1
	    ? img_slice(q->image, all[list[0]].challenge)
	    : challenges_put(q, why, bad, all);
}

void
challenge_refuse(struct req *q, enum why why, const struct challenge_bad *bad)
{
	struct field field = { .name = SLICE_LIT("WWW-Authenticate"),
		.id = FIELD_WWW_AUTHENTICATE };

	if (why_table[why].status != 401) {
		req_fail(q, why);
		return;
	}
	field.value = challenge_text(q, why, bad);
	req_fail_with(q, why, NULL, field.value.n != 0 ? &field : NULL);
}
