/*
 * conf_check_jwt.c - jwt authenticators: what is asked of a token, and where
 * the keys come from.
 */
#include <string.h>

#include "common/jose/jose.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_source.h"
#include "master/conf_trust.h"
#include "master/conf_url.h"

#define COMPLAIN(ac, a, path, ...) \
	ACCESS_COMPLAIN((ac), &conf_block_auth, (a), (path), __VA_ARGS__)

static bool
given(const struct conf_auth *a, const char *path)
{
	return conf_given(&conf_block_auth, a, path);
}

/* What is about fetching has no value then, so that -T does not show any. */
static void
check_jwks_file(struct access_check *ac, struct conf_auth *a)
{
	static const char *const fetched[] = { "jwks.refresh", "jwks.cooldown",
		"jwks.timeout", "jwks.ca" };

	for (size_t i = 0; i < sizeof(fetched) / sizeof(fetched[0]); i++)
		if (given(a, fetched[i]))
			COMPLAIN(ac, a, fetched[i],
			    "%s: it has no effect with jwks.file, which is "
			    "read at each reload",
			    fetched[i]);
	a->jwks.refresh_us = CONF_UNSET;
	a->jwks.cooldown_us = CONF_UNSET;
	a->jwks.timeout_us = CONF_UNSET;
}

/* False: complained. *secure: it is https. */
static bool
url_fits(struct access_check *ac, const struct conf_auth *a, bool *secure)
{
	const char *fault = conf_url_fault(a->jwks.url, secure);
	struct conf_place at =
	    conf_where(ac->c, &conf_block_auth, a, "jwks.url");

	if (fault != NULL)
		diag_error(ac->d, at.file, at.line, "jwks.url: \"%s\" %s",
		    a->jwks.url, fault);
	else if (!*secure && !conf_url_is_near(a->jwks.url))
		diag_warn(ac->d, at.file, at.line,
		    "jwks.url: \"%s\" is not https: whoever is in between can "
		    "hand in keys of their own",
		    a->jwks.url);
	return fault == NULL;
}

static void
check_jwks_url(struct access_check *ac, struct conf_auth *a)
{
	struct conf_source ca, none = { 0 };
	bool secure, fits = url_fits(ac, a, &secure);

	if (a->jwks.ca == NULL)
		return;
	if (fits && !secure) {
		COMPLAIN(ac, a, "jwks.ca",
		    "jwks.ca: it has no effect, since jwks.url is not https");
		return;
	}
	ca = conf_source_make(ac->c, ac->d,
	    conf_where(ac->c, &conf_block_auth, a, "jwks.ca"), "jwks.ca",
	    a->jwks.ca);
	a->jwks.trust = conf_trust_read(&ca, &none, false);
}

static void
check_jwks(struct access_check *ac, struct conf_auth *a)
{
	bool url = given(a, "jwks.url"), file = given(a, "jwks.file");

	if (url == file)
		COMPLAIN(ac, a, url ? "jwks.file" : "jwks",
		    "jwks: it has exactly one of url and file");
	else if (file)
		check_jwks_file(ac, a);
	else if (a->jwks.url != NULL)
		check_jwks_url(ac, a);
}

/* Tokens of services are signed with the same keys, and must not pass here. */
static void
check_own_audience(struct access_check *ac, const struct conf_auth *a)
{
	for (size_t i = 0; i < ac->c->service_count; i++) {
		const struct conf_service *s = &ac->c->services[i];

		if (!s->has_token || s->token.issuer.alg != JOSE_ES256)
			continue;
		for (size_t k = 0; k < a->audience.count; k++)
			if (strcmp(a->audience.items[k],
				conf_token_audience(s)) == 0)
				diag_error(ac->d, a->audience.places[k].file,
				    a->audience.places[k].line,
				    "audience: with own = true \"%s\" would "
				    "let in the tokens of service \"%s\"",
				    a->audience.items[k], s->name);
	}
}

static bool
names_meet(const struct conf_strings *a, const struct conf_strings *b)
{
	for (size_t i = 0; i < a->count; i++)
		for (size_t k = 0; k < b->count; k++)
			if (strcmp(a->items[i], b->items[k]) == 0)
				return true;
	return false;
}

/* What the gateway issues is let in. */
static void
check_own_demands(struct access_check *ac, const struct conf_auth *a)
{
	const struct conf_token_issuer *t = &ac->c->token_issuer;
	const char *name = t->issuer.issuer;
	struct conf_strings issuer = { .items = &name, .count = 1 };

	if (a->audience.count == 0)
		COMPLAIN(ac, a, "own",
		    "own: it needs audience, or tokens that the gateway signs "
		    "for others, such as services, would be taken, too");
	else if (!names_meet(&a->audience, &t->audience))
		COMPLAIN(ac, a, "audience",
		    "audience: none of token_issuer.audience is here, so that "
		    "no token of the gateway would be taken");
	if (a->issuer.count != 0 && !names_meet(&a->issuer, &issuer))
		COMPLAIN(ac, a, "issuer",
		    "issuer: \"%s\" is not here, which the gateway's tokens "
		    "say (token_issuer.issuer)",
		    name);
}

static void
check_own(struct access_check *ac, struct conf_auth *a)
{
	const struct conf_token_issuer *t = &ac->c->token_issuer;
	uint32_t alg = UINT32_C(1) << t->issuer.alg;

	if (!ac->c->has_token_issuer) {
		COMPLAIN(ac, a, "own",
		    "own: the gateway issues no tokens without token_issuer");
		return;
	}
	if (a->algorithms.count == 0)
		a->algs |= alg;
	else if ((a->algs & alg) == 0)
		COMPLAIN(ac, a, "algorithms",
		    "algorithms: own = true needs \"%s\", which token_issuer "
		    "signs with",
		    t->issuer.algorithm);
	/* They would be published in one place. */
	if (given(a, "jwks.url"))
		COMPLAIN(ac, a, "jwks.url",
		    "jwks.url: keys of somebody else need an authenticator of "
		    "their own, without own = true");
	check_own_audience(ac, a);
	check_own_demands(ac, a);
}

/* The claims by which tokens are told apart from others. */
static void
check_demands(struct access_check *ac, const struct conf_auth *a)
{
	conf_check_twice(&a->issuer, "issuer", ac->d);
	conf_check_twice(&a->audience, "audience", ac->d);
	conf_check_twice(&a->require, "require", ac->d);
	conf_check_twice(&a->types, "types", ac->d);
	if (a->types.count == 0 && a->types.items != NULL)
		COMPLAIN(ac, a, "types", "types: it must have one");
}

void
conf_check_jwt(struct access_check *ac, struct conf_auth *a)
{
	bool foreign = a->key_count != 0 || a->has_jwks;
	size_t errors;

	check_demands(ac, a);
	errors = ac->d->errors;
	a->algs = conf_check_algorithms(ac, &a->algorithms, "algorithms");
	if (!foreign && !a->own)
		COMPLAIN(ac, a, "keys",
		    "a jwt authenticator needs keys, jwks, or own = true");
	if (a->algorithms.count == 0 && (foreign || !a->own)) {
		if (!given(a, "algorithms") || a->algorithms.items != NULL)
			COMPLAIN(ac, a, "algorithms",
			    "a jwt authenticator needs algorithms");
		return;
	}
	if (a->has_jwks)
		check_jwks(ac, a);
	if (a->own)
		check_own(ac, a);
	/* Of half of the keys it is not said what they lack. */
	if (ac->d->errors == errors)
		conf_auth_keys(ac, a);
}
