/*
 * authenticate.c - see authenticate.h.
 */
#include "worker/filter/authenticate.h"

#include "worker/filter/challenge.h"
#include "worker/filter/credentials.h"
#include "worker/filter/same_site.h"
#include "worker/flow/audited.h"
#include "worker/flow/grpc.h"
#include "worker/flow/guards.h"
#include "worker/flow/reply.h"

#define AUTH_WAITING_MAX 256u

static const struct auth_ops *const auth_kinds[IMG_AUTH_TYPES] = {
	[IMG_AUTH_JWT] = &auth_jwt,
	[IMG_AUTH_API_KEY] = &auth_api_key,
	[IMG_AUTH_BASIC] = &auth_basic,
	[IMG_AUTH_MTLS] = &auth_mtls,
	[IMG_AUTH_INTROSPECTION] = &auth_introspection,
	[IMG_AUTH_FORWARD] = &auth_forward,
};

bool
authenticate_waits_more(struct env *e)
{
	if (e->auth_waiting == AUTH_WAITING_MAX)
		return false;
	e->auth_waiting++;
	env_count(e, COUNTER_AUTH_WAITING, 1);
	return true;
}

void
authenticate_waits_less(struct env *e)
{
	e->auth_waiting--;
	env_count(e, COUNTER_AUTH_WAITING, -1);
}

/* ---- refusing ---- */

/*
 * Of several reasons the last is said, but for those that only say that the
 * token is none of the authenticator's; that somebody could not be asked says
 * more than that others refused.
 */
static unsigned
why_rank(enum why why)
{
	if (why_table[why].status >= 500)
		return 2;
	return why != WHY_TOKEN_MALFORMED && why != WHY_TOKEN_ALGORITHM &&
	    why != WHY_TOKEN_KEY && why != WHY_TOKEN_ISSUER;
}

/* Of whom the audit log tells. */
static void
auth_said(struct auth_try *t)
{
	struct req *q = t->q;

	q->said_to = img_slice(q->image, t->auth->name);
	q->proven = t->identity != NULL;
	q->said_user =
	    q->proven ? identity_claim(t->identity, IMG_CLAIM_USER) : t->said;
}

static void
auth_note(struct auth_try *t)
{
	if (t->bad != WHY_OK && why_rank(t->why) < why_rank((enum why)t->bad))
		return;
	t->bad = (uint8_t)t->why;
	t->bad_scheme = (uint8_t)t->ops->scheme;
	t->bad_challenge = t->challenge;
	t->bad_redirect = t->redirect;
	auth_said(t);
}

/* Whoever was asked sends the client elsewhere; gRPC has no such answer. */
static void
auth_redirect(struct auth_try *t)
{
	struct req *q = t->q;
	const struct head *h = t->bad_redirect;

	if (q->grpc != GRPC_NONE ||
	    audited_refusal(q, WHY_AUTH_REDIRECT) != WHY_AUTH_REDIRECT) {
		req_fail(q, WHY_AUTH_REDIRECT);
		return;
	}
	q->why = WHY_AUTH_REDIRECT;
	reply_as_told(q, h->status, h->fields, h->count);
}

/* All have been asked, and nobody was found. */
static enum verdict
auth_nobody(struct auth_try *t)
{
	struct req *q = t->q;

	if (t->bad == WHY_OK && q->match.route->anonymous)
		return GO_ON;
	if (t->bad == WHY_OK)
		challenge_refuse(q, WHY_NO_CREDENTIALS, NULL);
	else if (t->bad == WHY_AUTH_REDIRECT)
		auth_redirect(t);
	else
		challenge_refuse(q, (enum why)t->bad,
		    &(struct challenge_bad){
			(enum auth_scheme)t->bad_scheme, t->bad_challenge });
	return DONE;
}

/* ---- taking in ---- */

static void
auth_unref(void *arg)
{
	identity_unref(arg);
}

/* Why an identity holds no longer. */
static enum why
auth_ended_why(const struct identity *id, int64_t now_s)
{
	if (!identity_expired(id, now_s))
		return WHY_TOKEN_REVOKED;
	switch ((enum img_auth_type)id->type) {
	case IMG_AUTH_API_KEY:
		return WHY_KEY_EXPIRED;
	case IMG_AUTH_MTLS:
		return WHY_CERTIFICATE;
	case IMG_AUTH_JWT:
	case IMG_AUTH_BASIC:
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
	case IMG_AUTH_TYPES:
		break;
	}
	return WHY_TOKEN_EXPIRED;
}

/* Its identity goes on, or it was answered. */
static enum verdict
auth_accept(struct auth_try *t)
{
	struct req *q = t->q;

	if (t->from_cookie && !same_site(q)) {
		req_fail(q, WHY_CSRF);
		return DONE;
	}
	if (t->auth->strip && t->ops->strips)
		credentials_strip(q, t->auth);
	if ((q->match.route->close_revoked && !guards_add(q)) ||
	    arena_failed(&q->arena)) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	if (audited_before(q, AUDIT_AUTH_OK))
		return GO_ON;
	req_fail(q, WHY_AUDIT_FULL);
	return DONE;
}

/*
 * True when the search is over: *out says how. An identity belongs to the
 * request as soon as it is known.
 */
static bool
auth_settle(struct auth_try *t, enum auth_verdict v, enum verdict *out)
{
	struct req *q = t->q;
	int64_t now_s;

	if (v == AUTH_OK) {
		now_s = env_wall(q->env).us / 1000000;
		if (!arena_defer(&q->arena, auth_unref, t->identity)) {
			identity_unref(t->identity);
			req_fail(q, WHY_OVERLOADED);
			*out = DONE;
			return true;
		}
		if (identity_holds(q->env->region, t->identity, now_s)) {
			q->identity = t->identity;
			*out = auth_accept(t);
			return true;
		}
		t->why = auth_ended_why(t->identity, now_s);
		v = AUTH_BAD;
	}
	if (v == AUTH_BAD)
		auth_note(t);
	if (v != AUTH_BAD || t->why != WHY_TWO_CREDENTIALS)
		return false;
	challenge_refuse(q, WHY_TWO_CREDENTIALS, NULL);
	*out = DONE;
	return true;
}

/* ---- asking ---- */

static void
auth_pause(struct auth_try *t, bool paused)
{
	struct req *q = t->q;

	if (t->paused == paused)
		return;
	t->paused = paused;
	q->owner->pause(q, paused);
}

static void
auth_abort(struct req *q)
{
	struct auth_try *t = q->handled;

	auth_pause(t, false);
	t->ops->forget(t);
}

static const struct req_handler auth_waiting = { .abort = auth_abort };

const struct img_auth *
authenticate_awaits(const struct req *q)
{
	const struct auth_try *t = q->handled;

	return q->handler == &auth_waiting ? t->auth : NULL;
}

/* Nobody takes the body meanwhile: it stays where it is. */
static enum verdict
auth_wait(struct auth_try *t)
{
	struct req *q = t->q;

	q->handler = &auth_waiting;
	q->handled = t;
	if (q->head.body != BODY_NONE && !q->request_done)
		auth_pause(t, true);
	return WAIT;
}

/* The next one of the route's list; false: there is none. */
static bool
auth_next(struct auth_try *t)
{
	const struct req *q = t->q;
	const struct img_span *span = &q->match.route->authenticate;
	const uint32_t *list = img_at(q->image, span->off);
	const struct img_auth *all =
	    img_at(q->image, q->image->access.authenticators.off);

	if (t->next == span->count)
		return false;
	t->auth = &all[list[t->next++]];
	t->ops = auth_kinds[t->auth->type];
	t->work = NULL;
	t->identity = NULL;
	t->challenge = t->said = SLICE_NONE;
	t->redirect = NULL;
	t->from_cookie = false;
	return true;
}

static enum verdict
auth_run(struct auth_try *t)
{
	while (auth_next(t)) {
		enum auth_verdict v = t->ops->ask(t);
		enum verdict out;

		if (v == AUTH_WAIT)
			return auth_wait(t);
		if (v != AUTH_NONE && auth_settle(t, v, &out))
			return out;
	}
	return auth_nobody(t);
}

void
authenticate_answer(struct auth_try *t, enum auth_verdict v)
{
	struct req *q = t->q;
	enum verdict out;

	q->handler = NULL;
	auth_pause(t, false);
	if (!auth_settle(t, v, &out))
		out = auth_run(t);
	if (out == GO_ON)
		req_continue(q);
}

enum verdict
authenticate_request(struct req *q)
{
	struct auth_try *t = arena_zalloc(&q->arena, sizeof(*t));

	if (t == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return DONE;
	}
	t->q = q;
	t->secrets = q->image == q->env->view.image
	    ? q->env->view.secrets
	    : epoch_secrets(q->env->region, q->image_slot);
	return auth_run(t);
}
