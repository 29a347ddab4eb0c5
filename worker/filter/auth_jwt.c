/*
 * auth_jwt.c - tokens that were signed (RFC 7519, RFC 9068):
 *
 *	cache -> outside -> typ, alg -> key -> signature -> claims -> identity
 *
 * A kid that no key has may be of a set that is newer than ours: the master is
 * asked to fetch it, and the request waits for that, a moment, and not too many
 * of them.
 */
#include "common/jose/verify.h"
#include "common/net/timer.h"
#include "shm/keysets.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_claims.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/authenticate.h"
#include "worker/filter/credentials.h"
#include "worker/flow/keys.h"

#define JWT_TRIES 4u /* keys, for a token that does not name one */
#define JWT_WAIT_US 2000000u
#define JWT_LOOK_US 10000u

/* A token at work; in the request's arena while it waits. */
struct jwt {
	struct auth_try *t;
	struct auth_cache_key key;
	struct jws jws;
	struct keys_sets sets;
	struct timer timer;
	struct mono until;
	uint64_t version; /* of the set that lacked the key */
};

static enum auth_verdict
jwt_bad(struct auth_try *t, enum why why)
{
	t->why = why;
	return AUTH_BAD;
}

/* ---- the outside ---- */

static enum why
jwt_parse(struct jwt *j)
{
	struct slice text = j->key.text;
	char *room = arena_alloc(&j->t->q->arena, text.n);

	if (text.n > JWS_BYTES_MAX)
		return WHY_TOKEN_MALFORMED;
	if (room == NULL)
		return WHY_OVERLOADED;
	switch (jws_parse(text, room, &j->jws)) {
	case JWS_OK:
		break;
	case JWS_ALGORITHM:
		return WHY_TOKEN_ALGORITHM;
	case JWS_MALFORMED:
	case JWS_CRITICAL:
		return WHY_TOKEN_MALFORMED;
	}
	return (j->t->auth->algs >> j->jws.alg & 1) != 0 ? WHY_OK
							 : WHY_TOKEN_ALGORITHM;
}

/* RFC 7515 4.1.9: "application/" may be left out. None is a JWT's. */
static bool
jwt_type_fits(const struct jwt *j)
{
	static const struct slice prefix = { "application/", 12 };
	const struct img_head *img = j->t->q->image;
	const struct img_span *span = &j->t->auth->types;
	const struct img_str *types = img_at(img, span->off);
	struct slice typ = j->jws.typ.n != 0 ? j->jws.typ : SLICE_LIT("jwt");

	if (typ.n > prefix.n &&
	    slice_eq_nocase(slice_make(typ.p, prefix.n), prefix))
		typ = slice_skip(typ, prefix.n);
	for (uint32_t i = 0; i < span->count; i++)
		if (slice_eq_nocase(typ, img_slice(img, types[i])))
			return true;
	return false;
}

/* ---- the key ---- */

/* How a search for the key went. */
struct search {
	unsigned tries;
	bool named;   /* a key has the token's kid */
	bool unfit;   /* one, but it does not go with the algorithm */
	bool unnamed; /* this time those without a kid */
};

static bool
key_is_sought(const struct jwt *j, const struct keyset *s,
    const struct keyset_key *k, struct search *of)
{
	if (j->jws.kid.n != 0 && !of->unnamed) {
		if (!slice_eq(keyset_kid(s, k), j->jws.kid))
			return false;
		of->named = true;
	} else if (j->jws.kid.n != 0 && k->kid_len != 0) {
		return false;
	}
	if ((k->algs >> j->jws.alg & 1) != 0)
		return true;
	of->unfit = true;
	return false;
}

static bool
set_verifies(struct jwt *j, const struct keyset *s, struct search *of)
{
	struct env *e = j->t->q->env;

	for (uint32_t i = 0; s != NULL && i < s->count; i++) {
		struct verify_key *key;

		if (!key_is_sought(j, s, &s->key[i], of))
			continue;
		if (of->tries == JWT_TRIES)
			return false;
		of->tries++;
		key = keys_get(e->keys, s, &s->key[i]);
		env_count(e, COUNTER_AUTH_VERIFICATIONS, 1);
		if (key != NULL && verify_token(key, &j->jws))
			return true;
	}
	return false;
}

static bool
sets_verify(struct jwt *j, struct search *of)
{
	return set_verifies(j, j->sets.image, of) ||
	    set_verifies(j, j->sets.slot, of);
}

/* WHY_TOKEN_KEY: none has its kid. */
static enum why
jwt_signature(struct jwt *j)
{
	struct search of = { 0 };

	j->jws.sha256 = j->key.hashed && j->key.signed_bytes == j->jws.input.n
	    ? j->key.signed_hash
	    : NULL;
	keys_sets(j->t->q->env->keys, j->t->auth, j->t->secrets, &j->sets);
	if (sets_verify(j, &of))
		return WHY_OK;
	if (j->jws.kid.n != 0 && !of.named) {
		struct search unnamed = { .unnamed = true };

		return sets_verify(j, &unnamed) ? WHY_OK : WHY_TOKEN_KEY;
	}
	if (of.tries != 0)
		return WHY_TOKEN_SIGNATURE;
	return of.unfit ? WHY_TOKEN_ALGORITHM : WHY_TOKEN_KEY;
}

/* ---- the claims ---- */

static int64_t
jwt_expires(const struct jwt *j, const struct claims *c)
{
	int64_t leeway = (int64_t)(j->t->auth->leeway_us / 1000000);

	return c->exp < CLAIMS_NEVER - leeway ? c->exp + leeway : INT64_MAX;
}

static enum why
jwt_identity(struct jwt *j, const struct claims *c)
{
	struct req *q = j->t->q;
	const struct img_auth *a = j->t->auth;
	struct identity_parts parts = {
		.type = IMG_AUTH_JWT,
		.authenticator = img_slice(q->image, a->name),
		.token_id = c->jti,
		.issued_s = c->iat != CLAIMS_NEVER ? c->iat : INT64_MIN,
		.expires_s = jwt_expires(j, c),
	};

	if (!auth_parts_claims(q->image, a, &c->members, &q->arena, &parts))
		return arena_failed(&q->arena) ? WHY_OVERLOADED
					       : WHY_TOKEN_CLAIMS;
	j->t->identity = identity_new(&parts);
	return j->t->identity != NULL ? WHY_OK : WHY_OVERLOADED;
}

/* ---- all of it ---- */

static void
jwt_keep(struct jwt *j)
{
	j->key.version = j->sets.version;
	/* Beyond its expiry, too: that is told without looking further. */
	auth_cache_keep(
	    j->t->q->env->auth_cache, &j->key, j->t->identity, INT64_MAX);
}

/* What its signature and claims say. */
static enum auth_verdict
jwt_verify(struct jwt *j)
{
	struct claims claims;
	enum why why = jwt_signature(j);

	if (why == WHY_OK)
		why = auth_claims_read(j->t, j->jws.payload, &claims);
	if (why == WHY_OK)
		why = jwt_identity(j, &claims);
	if (why != WHY_OK)
		return jwt_bad(j->t, why);
	jwt_keep(j);
	return AUTH_OK;
}

/* ---- waiting for a key ---- */

static bool
set_has_keys(const struct keyset *s)
{
	return s != NULL && s->count != 0;
}

/* The search is over. */
static enum auth_verdict
jwt_without_key(struct jwt *j)
{
	bool some = set_has_keys(j->sets.image) || set_has_keys(j->sets.slot);

	return jwt_bad(j->t, some ? WHY_TOKEN_KEY : WHY_AUTH_UNAVAILABLE);
}

static void
jwt_end_wait(struct jwt *j)
{
	struct env *e = j->t->q->env;

	timer_fini(&e->loop->timers, &j->timer);
	authenticate_waits_less(e);
}

/* The set has changed, or will not, or takes too long. */
static void
jwt_look(struct timer *timer)
{
	struct jwt *j = CONTAINER_OF(timer, struct jwt, timer);
	struct env *e = j->t->q->env;
	uint32_t slot = j->t->auth->slot;
	bool over = clock_now().us >= j->until.us ||
	    keysets_is_calm(e->region, slot, clock_now().us);
	/* In this order: what was fetched comes before the calm. */
	bool changed = keysets_version(e->region, slot) != j->version;
	enum auth_verdict v;

	if (!changed && !over) {
		timer_set(&e->loop->timers, timer,
		    mono_add_us(clock_now(), JWT_LOOK_US));
		return;
	}
	jwt_end_wait(j);
	v = changed ? jwt_verify(j) : AUTH_BAD;
	if (v == AUTH_BAD && (!changed || j->t->why == WHY_TOKEN_KEY))
		v = jwt_without_key(j);
	authenticate_answer(j->t, v);
}

/* No other set will come; unless one has come since this one was read. */
static enum auth_verdict
jwt_not_wait(struct jwt *j)
{
	const struct auth_try *t = j->t;
	uint64_t version = keysets_version(t->q->env->region, t->auth->slot);
	enum auth_verdict v = AUTH_BAD;

	if (version != j->sets.version)
		v = jwt_verify(j);
	return v == AUTH_BAD && t->why == WHY_TOKEN_KEY ? jwt_without_key(j)
							: v;
}

static enum auth_verdict
jwt_wait(struct jwt *on_stack)
{
	struct auth_try *t = on_stack->t;
	struct env *e = t->q->env;
	struct jwt *j;

	if (t->auth->jwks_url.len == 0 || t->auth->slot == IMG_NONE)
		return jwt_without_key(on_stack);
	if (!keysets_want(e->region, t->auth->slot, clock_now().us))
		return jwt_not_wait(on_stack);
	j = arena_alloc(&t->q->arena, sizeof(*j));
	if (j == NULL || !authenticate_waits_more(e))
		return jwt_bad(t, WHY_AUTH_UNAVAILABLE);
	*j = *on_stack;
	j->version = j->sets.version;
	j->until = mono_add_us(clock_now(), JWT_WAIT_US);
	t->work = j;
	timer_init(&j->timer, jwt_look);
	timer_set(
	    &e->loop->timers, &j->timer, mono_add_us(clock_now(), JWT_LOOK_US));
	e->wake_master(e);
	return AUTH_WAIT;
}

static void
jwt_forget(struct auth_try *t)
{
	jwt_end_wait(t->work);
}

/* ---- */

/* Few tokens are not known. */
static __attribute__((noinline)) enum auth_verdict
jwt_look_at(struct auth_try *t, const struct auth_cache_key *key)
{
	struct jwt j = { .t = t, .key = *key };
	enum auth_verdict v;
	enum why why = jwt_parse(&j);

	if (why == WHY_OK && !jwt_type_fits(&j))
		why = WHY_TOKEN_MALFORMED;
	if (why != WHY_OK)
		return jwt_bad(t, why);
	v = jwt_verify(&j);
	return v == AUTH_BAD && t->why == WHY_TOKEN_KEY ? jwt_wait(&j) : v;
}

static enum auth_verdict
jwt_ask(struct auth_try *t)
{
	struct env *e = t->q->env;
	struct auth_cache_key key;
	struct slice text;

	switch (credentials_look(
	    t->q, t->auth, SLICE_LIT("Bearer"), &text, &t->from_cookie)) {
	case CREDENTIALS_NONE:
		return AUTH_NONE;
	case CREDENTIALS_TWO:
		return jwt_bad(t, WHY_TWO_CREDENTIALS);
	case CREDENTIALS_BAD:
		return jwt_bad(t, WHY_TOKEN_MALFORMED);
	case CREDENTIALS_FOUND:
		break;
	}
	key = (struct auth_cache_key){
		.auth = t->auth, .text = text, .dotted = true
	};
	if (t->auth->slot != IMG_NONE)
		key.version = keysets_version(e->region, t->auth->slot);
	t->identity = auth_cache_find(e->auth_cache, &key);
	if (t->identity != NULL)
		return AUTH_OK;
	return jwt_look_at(t, &key);
}

const struct auth_ops auth_jwt = {
	.scheme = AUTH_SCHEME_BEARER,
	.ask = jwt_ask,
	.forget = jwt_forget,
	.strips = true,
};
