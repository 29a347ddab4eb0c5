/*
 * auth_basic.c - users and passwords of the Basic scheme (RFC 7617), against an
 * htpasswd file.
 *
 *	kept for the same user and password  ->  OK
 *	else a helper hashes the password    ->  OK, kept for `ttl`;  or BAD
 *
 * A user that is not there takes as long as one that is: somebody else's hash
 * is tried. Nothing here or in a cache is the password itself, but a digest of
 * it by a key that this region alone has. Each client has a budget of passwords
 * that are wrong.
 */
#include <string.h>

#include "common/base/hash.h"
#include "shm/client_key.h"
#include "shm/limiter_key.h"
#include "worker/filter/auth_cache.h"
#include "worker/filter/auth_parts.h"
#include "worker/filter/authenticate.h"
#include "worker/filter/basic_check.h"
#include "worker/filter/basic_credentials.h"
#include "worker/filter/basic_users.h"
#include "worker/filter/credentials.h"

/* Wrong passwords of one address. */
static const struct limiter_rate basic_rate = {
	.kind = LIMITER_BUCKET, .each_ns = 1000000000, .burst = 20
};

/* Of a request whose password is checked; in its arena. */
struct basic {
	struct basic_wait wait;
	struct basic_ask ask;
	struct auth_try *t;
	struct slice user;
	bool known; /* else the hash is somebody else's */
	bool pays;  /* for the check, if the password is wrong */
	struct limiter_key payer;
	struct mono paid;
};

/* Of the authenticator with its files, the user and the password. */
static bool
basic_digest(const struct auth_try *t, const struct basic_credentials *c,
    uint8_t digest[BASIC_DIGEST])
{
	uint8_t text[sizeof(t->auth->hash) + BASIC_USER_MAX +
	    BASIC_PASSWORD_MAX + 1];
	size_t n = sizeof(t->auth->hash);
	bool made;

	memcpy(text, t->auth->hash, n);
	memcpy(text + n, c->user.p, c->user.n);
	n += c->user.n;
	text[n++] = '\0';
	memcpy(text + n, c->password.p, c->password.n);
	n += c->password.n;
	made = basic_checks_digest(
	    t->q->env->basic_checks, slice_make((const char *)text, n), digest);
	explicit_bzero(text, sizeof(text));
	return made;
}

/* Always the same one for the same name, as it would be were it known. */
static const struct img_htpasswd *
basic_decoy(const struct auth_try *t, struct slice user)
{
	const struct img_htpasswd *all =
	    img_at(t->q->image, t->auth->htpasswd.off);
	const struct shm_header *h = &t->q->env->region->state->header;
	uint64_t n = hash_bytes(
	    (struct hash_key){ h->hash_k0, h->hash_k1 }, user.p, user.n);

	return &all[n % t->auth->htpasswd.count];
}

static struct auth_cache_key
basic_key(const struct auth_try *t, const uint8_t digest[BASIC_DIGEST])
{
	return (struct auth_cache_key){ .auth = t->auth,
		.text = slice_make((const char *)digest, BASIC_DIGEST) };
}

static enum auth_verdict
basic_bad(struct auth_try *t, enum why why)
{
	t->why = why;
	return AUTH_BAD;
}

/* The password was right: who is it? */
static enum auth_verdict
basic_identify(struct basic *b)
{
	struct auth_try *t = b->t;
	struct auth_cache_key key = basic_key(t, b->ask.digest);
	struct identity_parts parts;
	enum why why = basic_users_parts(t->q->image, t->auth, b->user, &parts);

	if (why != WHY_OK)
		return basic_bad(t, why);
	t->identity = identity_new(&parts);
	if (t->identity == NULL)
		return basic_bad(t, WHY_OVERLOADED);
	if (t->auth->ttl_us != 0)
		auth_cache_keep(t->q->env->auth_cache, &key, t->identity,
		    auth_cache_until(t->auth->ttl_us));
	return AUTH_OK;
}

static enum auth_verdict
basic_verdict(struct basic *b, enum job_result result)
{
	switch (result) {
	case JOB_YES:
		if (b->known)
			return basic_identify(b);
		break;
	case JOB_NO:
		break;
	case JOB_FAILED:
	case JOB_PENDING:
		return basic_bad(b->t, WHY_AUTH_UNAVAILABLE);
	}
	return basic_bad(b->t, WHY_PASSWORD);
}

static void
basic_done(struct basic_wait *w, enum job_result result)
{
	struct basic *b = CONTAINER_OF(w, struct basic, wait);
	struct auth_try *t = b->t;
	enum auth_verdict v = basic_verdict(b, result);

	authenticate_waits_less(t->q->env);
	if (b->pays && (v == AUTH_OK || t->why != WHY_PASSWORD))
		limiter_refund(t->q->env->region, LIMITER_ADDRESS, &b->payer,
		    &basic_rate, b->paid.us);
	authenticate_answer(t, v);
}

/* A check of its own, which it pays for. */
static enum auth_verdict
basic_begin(struct basic *b)
{
	struct auth_try *t = b->t;
	struct env *e = t->q->env;
	struct limiter_left left;

	limiter_key_address(
	    e->region, LIMITER_OWN_PASSWORDS, &t->q->client, &b->payer);
	b->paid = clock_now();
	if (!limiter_take(e->region, LIMITER_ADDRESS, &b->payer, &basic_rate,
		b->paid.us, &left))
		return basic_bad(t, WHY_RATE_LIMITED);
	b->pays = true;
	if (basic_check_begin(e->basic_checks, &b->wait, &b->ask))
		return AUTH_WAIT;
	limiter_refund(
	    e->region, LIMITER_ADDRESS, &b->payer, &basic_rate, b->paid.us);
	return basic_bad(t, WHY_AUTH_UNAVAILABLE);
}

static enum auth_verdict
basic_await(struct basic *b)
{
	struct env *e = b->t->q->env;
	enum auth_verdict v = AUTH_WAIT;

	if (!authenticate_waits_more(e))
		return basic_bad(b->t, WHY_AUTH_UNAVAILABLE);
	if (!basic_check_join(e->basic_checks, &b->wait, b->ask.digest))
		v = basic_begin(b);
	if (v != AUTH_WAIT)
		authenticate_waits_less(e);
	return v;
}

/* Nobody has vouched for it yet. */
static enum auth_verdict
basic_verify(struct auth_try *t, const struct basic_credentials *c,
    const uint8_t digest[BASIC_DIGEST])
{
	struct basic *b = arena_zalloc(&t->q->arena, sizeof(*b));
	const struct img_htpasswd *h;

	if (t->auth->htpasswd.count == 0)
		return basic_bad(t, WHY_PASSWORD);
	if (b == NULL)
		return basic_bad(t, WHY_OVERLOADED);
	h = basic_users_find(t->q->image, t->auth, c->user);
	b->known = h != NULL;
	if (h == NULL)
		h = basic_decoy(t, c->user);
	t->work = b;
	b->t = t;
	b->user = c->user;
	b->wait.done = basic_done;
	b->ask.client = client_key(t->q->env->region, 'p', &t->q->client);
	b->ask.password = c->password;
	b->ask.hash = slice_str(t->secrets + h->hash.off);
	memcpy(b->ask.digest, digest, BASIC_DIGEST);
	return basic_await(b);
}

static enum auth_verdict
basic_look(struct auth_try *t, struct slice text)
{
	char *room = arena_alloc(&t->q->arena, BASIC_TEXT_MAX);
	struct basic_credentials c;
	uint8_t digest[BASIC_DIGEST];
	struct auth_cache_key key = basic_key(t, digest);
	enum auth_verdict v = AUTH_OK;

	if (room == NULL)
		return basic_bad(t, WHY_OVERLOADED);
	if (!basic_credentials_read(text, room, &c)) {
		explicit_bzero(room, BASIC_TEXT_MAX);
		return basic_bad(t, WHY_CREDENTIALS_MALFORMED);
	}
	t->said = c.user;
	if (basic_digest(t, &c, digest)) {
		t->identity = auth_cache_find(t->q->env->auth_cache, &key);
		if (t->identity == NULL)
			v = basic_verify(t, &c, digest);
	} else {
		v = basic_bad(t, WHY_OVERLOADED);
	}
	/* Its user may be needed still. */
	explicit_bzero(room + c.user.n, BASIC_TEXT_MAX - c.user.n);
	return v;
}

static enum auth_verdict
basic_ask(struct auth_try *t)
{
	struct slice text;

	switch (credentials_find(
	    t->q, t->auth, SLICE_LIT("Basic"), &text, &t->from_cookie)) {
	case CREDENTIALS_NONE:
		break;
	case CREDENTIALS_FOUND:
		return basic_look(t, text);
	case CREDENTIALS_TWO:
		return basic_bad(t, WHY_TWO_CREDENTIALS);
	case CREDENTIALS_BAD:
		return basic_bad(t, WHY_CREDENTIALS_MALFORMED);
	}
	return AUTH_NONE;
}

static void
basic_forget(struct auth_try *t)
{
	struct basic *b = t->work;

	authenticate_waits_less(t->q->env);
	basic_check_forget(&b->wait);
}

const struct auth_ops auth_basic = {
	.scheme = AUTH_SCHEME_BASIC,
	.ask = basic_ask,
	.forget = basic_forget,
	.strips = true,
};
