/*
 * grant.c - see grant.h.
 *
 *	issue     identity -> both are signed -> family begins     -> sent
 *	refresh   body -> ours? -> still good? -> both are signed
 *	               -> the turn is taken                        -> sent
 *
 * A turn is taken last: who gets no answer has lost nothing but the network's
 * part of it, and who comes twice with one token has ended the family.
 */
#include "worker/filter/grant.h"

#include <string.h>

#include "common/base/hash.h"
#include "common/base/log.h"
#include "shm/families.h"
#include "worker/filter/grant_form.h"
#include "worker/filter/grant_holder.h"
#include "worker/filter/grant_keys.h"
#include "worker/filter/grant_pair.h"
#include "worker/flow/audited.h"

#define GRANT_BODY_MAX (ISSUED_BYTES_MAX + 1024)

/* ---- issue ---- */

/* What the refresh token says of q->identity. False: it is gone already. */
static bool
grant_describe(struct grant *g, struct req *q)
{
	const struct identity *id = q->identity;
	struct issued_refresh *r = &g->refresh;
	int64_t end_s =
	    g->by.now_s + (int64_t)(g->by.issuer->refresh_us / 1000000);

	r->expires_s = id->expires_s;
	if (!grant_refreshes(g))
		return true;
	if (end_s < r->expires_s)
		r->expires_s = end_s;
	r->family = hash_key_random().k0 | 1;
	r->mark = slice_make(g->mark, sizeof(g->mark));
	r->parts.authenticator = id->authenticator;
	r->parts.token_id = id->token_id;
	memcpy(r->parts.claim, id->claim, sizeof(id->claim));
	return grant_holder_mark(q, &r->parts, g->mark);
}

/* Its family begins. */
static enum why
grant_found(struct grant *g, struct req *q)
{
	if (!grant_refreshes(g))
		return WHY_OK;
	return families_begin(q->env->region, q->env->slot, g->refresh.family,
		   g->by.now_s, g->refresh.expires_s)
	    ? WHY_OK
	    : WHY_OVERLOADED;
}

static enum why
grant_begin(struct grant *g, struct req *q)
{
	enum why why;

	if (!grant_describe(g, q))
		return WHY_NO_CREDENTIALS;
	why = grant_sign(g, q->identity);
	/* A family that nobody is told of would keep its place for long. */
	if (why == WHY_OK &&
	    !audit_has_room(q->env->region, AUDIT_TOKEN_ISSUED))
		why = WHY_AUDIT_FULL;
	if (why == WHY_OK)
		why = grant_found(g, q);
	if (why == WHY_OK)
		audited_write(q, AUDIT_TOKEN_ISSUED, WHY_OK);
	return why;
}

static void
grant_issue(struct req *q)
{
	struct grant g;
	enum why why = WHY_NO_CREDENTIALS;

	/* It may have been revoked while the body came. */
	if (q->identity != NULL &&
	    !identity_holds(q->env->region, q->identity, env_now_s()))
		why = WHY_TOKEN_REVOKED;
	else if (q->identity != NULL)
		why = grant_init(&g, q) ? grant_begin(&g, q) : WHY_OVERLOADED;
	if (why == WHY_IDENTITY_TOO_LARGE)
		log_warnx("%.*s: \"%.*s\" gets no token: all that it is does "
			  "not fit into one",
		    SLICE_FMT(q->identity->authenticator),
		    SLICE_FMT(identity_claim(q->identity, IMG_CLAIM_USER)));
	if (why != WHY_OK)
		req_fail(q, why);
	else
		grant_answer(q, &g);
}

/* ---- refresh ---- */

static enum why
grant_why(enum family_result r)
{
	switch (r) {
	case FAMILY_OK:
		break;
	case FAMILY_REUSED:
		return WHY_REFRESH_REUSED;
	case FAMILY_UNKNOWN:
	case FAMILY_REVOKED:
		return WHY_REFRESH_UNKNOWN;
	}
	return WHY_OK;
}

/*
 * Also by the names of those who take our tokens: who revokes a user there
 * means its next tokens as well.
 */
static bool
grant_revoked(const struct req *q, struct identity *id)
{
	const struct region *r = q->env->region;
	const struct img_access *x = &q->image->access;
	const struct img_auth *all = img_at(q->image, x->authenticators.off);
	bool hits = identity_revoked(r, id);

	for (uint32_t i = 0; i < x->authenticators.count && !hits; i++) {
		struct revoke_subject s;

		if (all[i].own == 0)
			continue;
		revoke_subject_make(r, img_slice(q->image, all[i].name),
		    SLICE_NONE, identity_claim(id, IMG_CLAIM_USER),
		    id->issued_s, &s);
		hits = revoke_hits(r, &s);
	}
	return hits;
}

/* WHY_OK: the pair is signed and the turn is taken. */
static enum why
grant_turn(struct req *q, struct grant *g, struct identity *id)
{
	const struct region *r = q->env->region;
	uint32_t turn = g->refresh.turn++;
	enum family_result how;
	enum why why;

	if (identity_expired(id, g->by.now_s))
		return WHY_REFRESH_UNKNOWN;
	if (grant_revoked(q, id)) {
		/* The revocation may be over sooner than the family. */
		(void)families_end(r, g->refresh.family);
		q->env->wake_master(q->env);
		return WHY_REFRESH_UNKNOWN;
	}
	why = grant_sign(g, id);
	/* What becomes of the turn has to be said. */
	if (why == WHY_OK &&
	    (!audit_has_room(r, AUDIT_TOKEN_REFRESHED) ||
		!audit_has_room(r, AUDIT_TOKEN_REUSED)))
		why = WHY_AUDIT_FULL;
	if (why != WHY_OK)
		return why;
	how = families_turn(r, g->refresh.family, turn, g->by.now_s);
	/* Kept at once, so that it does not live again after a fall. */
	if (how == FAMILY_REUSED)
		q->env->wake_master(q->env);
	else if (how == FAMILY_OK)
		audited_write(q, AUDIT_TOKEN_REFRESHED, WHY_OK);
	return grant_why(how);
}

static enum why
grant_renew(struct req *q, struct grant *g)
{
	struct identity *id;
	enum why why;

	if (!grant_holder_renew(q, g->refresh.mark, &g->refresh.parts))
		return WHY_REFRESH_UNKNOWN;
	q->said_user = g->refresh.parts.claim[IMG_CLAIM_USER];
	q->said_to = g->refresh.parts.authenticator;
	q->proven = true;
	id = identity_new(&g->refresh.parts);
	if (id == NULL)
		return WHY_OVERLOADED;
	g->refresh.expires_s = id->expires_s;
	why = grant_turn(q, g, id);
	identity_unref(id);
	return why;
}

static void
grant_refresh(struct req *q, struct slice token)
{
	char *room = arena_alloc(&q->arena, 2 * token.n + 1);
	enum why why = WHY_REFRESH_UNKNOWN;
	struct grant g;

	if (room == NULL || !grant_init(&g, q))
		why = WHY_OVERLOADED;
	else if (issued_refresh_read(
		     q->env, token, g.by.now_s, room, &g.refresh))
		why = grant_renew(q, &g);
	if (why != WHY_OK)
		req_fail(q, why);
	else
		grant_answer(q, &g);
}

/* The token is in the body, all of which is there. */
static void
grant_exchange(struct req *q, struct slice body)
{
	const struct field *type = head_find(&q->head, FIELD_CONTENT_TYPE);
	char *room = arena_alloc(&q->arena, body.n + 1);
	struct slice token;

	if (room == NULL)
		req_fail(q, WHY_OVERLOADED);
	else if (type == NULL ||
	    !grant_form_read(type->value, body, room, &token))
		req_fail(q, WHY_BAD_GRANT);
	else
		grant_refresh(q, token);
}

/* ---- the body, which of `issue` nobody reads ---- */

struct grant_body {
	size_t n;
	char bytes[GRANT_BODY_MAX];
};

static void
grant_run(struct req *q, struct slice body)
{
	if (q->match.route->grant == IMG_GRANT_ISSUE)
		grant_issue(q);
	else
		grant_exchange(q, body);
}

static void
grant_too_large(struct req *q)
{
	req_fail_with(
	    q, WHY_BODY_TOO_LARGE, "A refresh token has at most 16 KiB.", NULL);
}

static void
grant_body_data(struct req *q, struct slice bytes)
{
	struct grant_body *b = q->handled;

	if (bytes.n > sizeof(b->bytes) - b->n) {
		grant_too_large(q);
		return;
	}
	memcpy(b->bytes + b->n, bytes.p, bytes.n);
	b->n += bytes.n;
}

static void
grant_body_end(struct req *q, const struct head *trailers)
{
	struct grant_body *b = q->handled;

	(void)trailers;
	grant_run(q, slice_make(b->bytes, b->n));
}

static void
grant_abort(struct req *q)
{
	(void)q;
}

static const struct req_handler grant_handler = {
	.data = grant_body_data,
	.end = grant_body_end,
	.abort = grant_abort,
};

/* The client may wait to be told (RFC 9110 10.1.1). q may have ended. */
static void
grant_let_come(struct req *q)
{
	struct head h = {
		.status = 100, .reason = http_reason(100), .version = HTTP_1_1
	};

	if (q->head.expect_continue)
		req_answer_interim(q, &h);
}

static void
grant_await_body(struct req *q)
{
	struct grant_body *b;

	if (q->head.body == BODY_NONE || q->request_done) {
		grant_run(q, SLICE_NONE);
		return;
	}
	if (q->head.body == BODY_LENGTH && q->head.length > GRANT_BODY_MAX) {
		grant_too_large(q);
		return;
	}
	b = arena_alloc(&q->arena, sizeof(*b));
	if (b == NULL) {
		req_fail(q, WHY_OVERLOADED);
		return;
	}
	b->n = 0;
	q->handled = b;
	q->handler = &grant_handler;
	req_set_state(q, REQ_HANDLED);
	grant_let_come(q);
}

enum verdict
grant_request(struct req *q)
{
	switch ((enum img_grant)q->match.route->grant) {
	case IMG_GRANT_NONE:
		return GO_ON;
	case IMG_GRANT_ISSUE:
	case IMG_GRANT_REFRESH:
		grant_await_body(q);
		return DONE;
	case IMG_GRANT_JWKS:
		grant_keys_answer(q);
		return DONE;
	}
	return GO_ON;
}
