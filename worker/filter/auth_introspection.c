/*
 * auth_introspection.c - tokens that only their issuer can read: it is asked
 * (RFC 7662), and its answer kept for a while.
 *
 *	cache -> refused lately? -> POST token=... -> active? -> identity
 *	                            or wait for one that does
 *
 * Whatever is no answer says nothing about the token: it is not let in.
 */
#include <string.h>

#include "common/http/uri.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_claims.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/auth_question.h"
#include "worker/filter/credentials.h"
#include "worker/flow/refused.h"

#define INTROSPECTION_REFUSED_US 10000000u /* at most */

static const char form_head[] = "token_type_hint=access_token&token=";

static enum auth_verdict
asked_bad(struct auth_try *t, enum why why)
{
	t->why = why;
	return AUTH_BAD;
}

/* ---- the answer ---- */

/* A token at work; in the request's arena. */
struct asked {
	struct auth_wait wait;
	struct slice text;
};

static enum why
asked_identity(struct auth_try *t, const struct claims *c)
{
	struct req *q = t->q;
	struct identity_parts parts = { .type = IMG_AUTH_INTROSPECTION,
		.authenticator = img_slice(q->image, t->auth->name),
		.token_id = c->jti,
		.issued_s = c->iat != CLAIMS_NEVER ? c->iat : INT64_MIN,
		.expires_s = c->exp };

	if (!auth_parts_claims(
		q->image, t->auth, &c->members, &q->arena, &parts))
		return arena_failed(&q->arena) ? WHY_OVERLOADED
					       : WHY_TOKEN_CLAIMS;
	t->identity = identity_new(&parts);
	return t->identity != NULL ? WHY_OK : WHY_OVERLOADED;
}

/* RFC 7662 2.2: what it says of an active token. */
static enum why
asked_active(struct auth_try *t, struct slice body)
{
	struct claims claims;
	enum why why = auth_claims_read(t, body, &claims);

	return why == WHY_OK ? asked_identity(t, &claims) : why;
}

static enum why
asked_answer(struct auth_try *t, const struct inquiry_answer *a)
{
	struct json_value all, active;

	if (a->head == NULL || a->head->status != 200 ||
	    !json_read_check(a->body, &all) || all.kind != JSON_VALUE_OBJECT ||
	    !json_read_member(&all, SLICE_LIT("active"), &active))
		return WHY_AUTH_UNAVAILABLE;
	if (active.kind == JSON_VALUE_TRUE)
		return asked_active(t, a->body);
	return active.kind == JSON_VALUE_FALSE ? WHY_TOKEN_INACTIVE
					       : WHY_AUTH_UNAVAILABLE;
}

static void
asked_refused(struct auth_try *t, struct slice text)
{
	uint64_t us = t->auth->ttl_us;

	if (us > INTROSPECTION_REFUSED_US)
		us = INTROSPECTION_REFUSED_US;
	refused_note(t->q->env->refused, t->auth->hash, text,
	    mono_add_us(clock_now(), us));
}

static enum why
asked_read(struct auth_wait *w, const struct inquiry_answer *a)
{
	struct asked *k = CONTAINER_OF(w, struct asked, wait);
	struct auth_try *t = w->t;
	struct auth_cache_key key = { .auth = t->auth, .text = k->text };
	enum why why = asked_answer(t, a);

	if (why == WHY_OK)
		auth_cache_keep(t->q->env->auth_cache, &key, t->identity,
		    auth_cache_until(t->auth->ttl_us));
	if (why == WHY_TOKEN_INACTIVE)
		asked_refused(t, k->text);
	return why;
}

/* ---- the question ---- */

static struct slice
form_of(struct req *q, struct slice token)
{
	size_t n = sizeof(form_head) - 1;
	char *p = arena_alloc(&q->arena, n + 3 * token.n);

	if (p == NULL)
		return SLICE_NONE;
	memcpy(p, form_head, n);
	n += uri_encode(token, false, false, p + n);
	return slice_make(p, n);
}

static enum auth_verdict
asked_begin(struct asked *k)
{
	struct auth_try *t = k->wait.t;
	struct req *q = t->q;
	const struct img_auth *a = t->auth;
	struct slice body = form_of(q, k->text);
	struct field fields[4];
	struct head h = { .method_text = SLICE_LIT("POST"),
		.method = METHOD_POST,
		.target = img_slice(q->image, a->path),
		.fields = fields };

	if (body.n == 0)
		return asked_bad(t, WHY_OVERLOADED);
	head_add(&h, FIELD_CONTENT_TYPE,
	    SLICE_LIT("application/x-www-form-urlencoded"));
	head_add(&h, FIELD_ACCEPT, SLICE_LIT("application/json"));
	head_add(&h, FIELD_X_REQUEST_ID, q->request_id);
	if (a->client_secret.len != 0)
		head_add(&h, FIELD_AUTHORIZATION,
		    slice_make(t->secrets + a->client_secret.off,
			a->client_secret.len));
	return auth_question_begin(&k->wait, k->text, &h, body);
}

static enum auth_verdict
introspection_look(struct auth_try *t, struct slice text)
{
	struct env *e = t->q->env;
	struct auth_cache_key key = { .auth = t->auth, .text = text };
	struct asked *k;

	t->identity = auth_cache_find(e->auth_cache, &key);
	if (t->identity != NULL)
		return AUTH_OK;
	if (refused_lately(e->refused, t->auth->hash, text, clock_now()))
		return asked_bad(t, WHY_TOKEN_INACTIVE);
	k = arena_zalloc(&t->q->arena, sizeof(*k));
	if (k == NULL)
		return asked_bad(t, WHY_OVERLOADED);
	k->wait.t = t;
	k->wait.read = asked_read;
	k->text = text;
	return auth_question_join(&k->wait, text) ? AUTH_WAIT : asked_begin(k);
}

static enum auth_verdict
introspection_ask(struct auth_try *t)
{
	struct slice text;

	switch (credentials_find(
	    t->q, t->auth, SLICE_LIT("Bearer"), &text, &t->from_cookie)) {
	case CREDENTIALS_NONE:
		return AUTH_NONE;
	case CREDENTIALS_TWO:
		return asked_bad(t, WHY_TWO_CREDENTIALS);
	case CREDENTIALS_BAD:
		return asked_bad(t, WHY_TOKEN_MALFORMED);
	case CREDENTIALS_FOUND:
		break;
	}
	if (text.n == 0 || text.n > AUTH_CACHE_TEXT_MAX)
		return asked_bad(t, WHY_TOKEN_MALFORMED);
	return introspection_look(t, text);
}

const struct auth_ops auth_introspection = {
	.scheme = AUTH_SCHEME_BEARER,
	.ask = introspection_ask,
	.forget = auth_question_forget,
	.strips = true,
};
