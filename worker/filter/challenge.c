/*
 * challenge.c - see challenge.h.
 */
#include "worker/filter/challenge.h"

#include "common/base/json.h"

#define CHALLENGE_BYTES 512u /* of one */
#define REALM_MAX 128u

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

/* The last two are ours: nobody has registered any for these. */
static const struct slice scheme_leads[AUTH_SCHEMES] = {
	[AUTH_SCHEME_BEARER] = { "Bearer realm=", 13 },
	[AUTH_SCHEME_BASIC] = { "Basic realm=", 12 },
	[AUTH_SCHEME_API_KEY] = { "ApiKey realm=", 13 },
	[AUTH_SCHEME_CERTIFICATE] = { "Certificate realm=", 18 },
};

/* As a quoted-string (RFC 9110 5.6.4). */
static void
put_quoted(struct text *t, struct slice value)
{
	size_t from = 0;

	text_add_char(t, '"');
	for (size_t i = json_plain(value); i < value.n; i++) {
		if (value.p[i] != '"' && value.p[i] != '\\')
			continue;
		text_add(t, slice_make(value.p + from, i - from));
		text_add_char(t, '\\');
		from = i;
	}
	text_add(t, slice_skip(value, from));
	text_add_char(t, '"');
}

static void
put_challenge(struct text *t, const struct req *q, const struct img_auth *a,
    enum why why, const struct challenge_bad *bad)
{
	enum auth_scheme scheme = scheme_of(a);
	struct slice realm = img_slice(q->image, a->realm);

	if (realm.n == 0)
		realm = img_slice(q->image, a->name);
	if (realm.n > REALM_MAX)
		realm.n = REALM_MAX;
	text_add(t, scheme_leads[scheme]);
	put_quoted(t, realm);
	if (scheme == AUTH_SCHEME_BASIC)
		text_add(t, SLICE_LIT(", charset=\"UTF-8\""));
	if (scheme != AUTH_SCHEME_BEARER || bad == NULL ||
	    bad->scheme != AUTH_SCHEME_BEARER)
		return;
	text_add(t, SLICE_LIT(", error=\"invalid_token\", error_description="));
	put_quoted(t, slice_str(why_table[why].help));
}

static struct slice
challenge_text(struct req *q, enum why why, const struct challenge_bad *bad)
{
	const struct img_span *span = &q->match.route->authenticate;
	const uint32_t *list = img_at(q->image, span->off);
	const struct img_auth *all =
	    img_at(q->image, q->image->access.authenticators.off);
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
