/*
 * conf_check_grant.c - routes that hand out tokens of the gateway, or show its
 * keys.
 */
#include <string.h>

#include "common/base/must.h"
#include "master/conf_check_access.h"

#define COMPLAIN(ac, r, path, ...) \
	ACCESS_COMPLAIN((ac), &conf_block_route, (r), (path), __VA_ARGS__)

static bool
given(const struct conf_route *r, const char *path)
{
	return conf_given(&conf_block_route, r, path);
}

static void
check_issue(struct access_check *ac, const struct conf_route *r)
{
	if (!given(r, "authenticate"))
		COMPLAIN(ac, r, "issue",
		    "issue: it needs authenticate, or anybody gets a token");
	if (r->anonymous)
		COMPLAIN(ac, r, "authenticate",
		    "authenticate: \"anonymous\" would give anybody a token "
		    "(issue)");
	for (size_t i = 0; i < r->auth_count; i++) {
		const struct conf_auth *a = &ac->c->auths[r->auth_indexes[i]];

		if (a->type != NULL && a->kind != IMG_AUTH_BASIC &&
		    a->kind != IMG_AUTH_API_KEY && a->kind != IMG_AUTH_MTLS)
			COMPLAIN(ac, r, "authenticate",
			    "authenticate: a route with issue needs passwords, "
			    "keys or certificates, and \"%s\" is of type "
			    "\"%s\"",
			    a->name, a->type);
	}
}

static void
check_refresh(struct access_check *ac, const struct conf_route *r)
{
	if (given(r, "authenticate"))
		COMPLAIN(ac, r, "authenticate",
		    "authenticate: on a route with refresh the refresh token "
		    "says who it is");
	if (given(r, "authorize"))
		COMPLAIN(ac, r, "authorize",
		    "authorize: it has no effect on a route with refresh");
	if (ac->c->has_token_issuer && ac->c->token_issuer.refresh_us == 0)
		COMPLAIN(ac, r, "refresh",
		    "refresh: there are no refresh tokens with "
		    "token_issuer.refresh = 0");
}

/* They take a POST, or the keys a GET, whether or not that is said. */
static void
check_method(struct access_check *ac, struct conf_route *r, const char *option)
{
	const char *method = r->jwks ? "GET" : "POST";
	struct conf_strings *m = &r->methods;

	if (m->count == 1 && strcmp(m->items[0], method) == 0)
		return;
	if (m->count != 0) {
		COMPLAIN(ac, r, "methods",
		    "methods: a route with %s answers %s alone", option,
		    method);
		return;
	}
	m->items = arena_alloc(&ac->c->arena, sizeof(*m->items));
	m->places = arena_alloc(&ac->c->arena, sizeof(*m->places));
	MUST(m->items != NULL && m->places != NULL);
	m->items[0] = method;
	m->places[0] = conf_where(ac->c, &conf_block_route, r, option);
	m->count = 1;
}

const char *
conf_route_grant(const struct conf_route *r)
{
	if (r->issue)
		return "issue";
	if (r->refresh)
		return "refresh";
	return r->jwks ? "jwks" : NULL;
}

void
conf_check_grant(struct access_check *ac, struct conf_route *r)
{
	const char *option = conf_route_grant(r);

	if (r->issue + r->refresh + r->jwks > 1) {
		COMPLAIN(ac, r, option,
		    "%s: a route issues, refreshes or shows keys: one of them",
		    option);
		return;
	}
	check_method(ac, r, option);
	if (!r->jwks && !ac->c->has_token_issuer)
		COMPLAIN(ac, r, option, "%s: it needs token_issuer", option);
	if (r->jwks && !conf_signs_es256(ac->c))
		COMPLAIN(ac, r, "jwks",
		    "jwks: no token is signed with ES256, and there are no "
		    "keys to show");
	if (r->issue)
		check_issue(ac, r);
	if (r->refresh)
		check_refresh(ac, r);
}
