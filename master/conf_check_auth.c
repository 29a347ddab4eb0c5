/*
 * conf_check_auth.c - authenticators: their names, the keys that go with their
 * types, where credentials are; and the order of the checks of access.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"

#define AUTHS_MAX 200

#define COMPLAIN(ac, a, path, ...) \
	ACCESS_COMPLAIN((ac), &conf_block_auth, (a), (path), __VA_ARGS__)

static const uint64_t ttls[IMG_AUTH_TYPES] = {
	[IMG_AUTH_BASIC] = UINT64_C(300000000),
	[IMG_AUTH_INTROSPECTION] = UINT64_C(60000000),
};

static bool
given(const struct conf_auth *a, const char *path)
{
	return conf_given(&conf_block_auth, a, path);
}

static void
check_name(struct access_check *ac, size_t i)
{
	struct conf_auth *a = &ac->c->auths[i];
	const struct conf_auth *other;
	size_t first;

	if (a->name == NULL) {
		a->name = "";
	} else if (strcmp(a->name, "anonymous") == 0) {
		COMPLAIN(ac, a, "name",
		    "name: \"anonymous\" is what routes say that let "
		    "everybody in");
	} else if (!conf_name_claim(&ac->auths, a->name, i, &first)) {
		other = &ac->c->auths[first];
		COMPLAIN(ac, a, "name",
		    "there is an authenticator \"%s\" already, at %s:%d",
		    a->name, other->place.file, other->place.line);
	} else if (!conf_is_word(a->name) ||
	    strpbrk(a->name, "/\"\\") != NULL) {
		COMPLAIN(ac, a, "name",
		    "name: \"%s\" has a space, a slash, a quote or a "
		    "character outside ASCII",
		    a->name);
	}
}

/* What was written, and means nothing for this type. */
static void
check_rows(struct access_check *ac, const struct conf_auth *a)
{
	const struct conf_block *b = &conf_block_auth;

	for (size_t i = 0; i < b->count; i++) {
		const struct conf_row *row = &b->rows[i];

		if (conf_row_prefix(row) == 0 && given(a, row->path) &&
		    !conf_row_applies(b, row, a))
			COMPLAIN(ac, a, row->path,
			    "%s: an authenticator of type \"%s\" has none",
			    row->path, a->type);
	}
}

/* ---- where the credentials are ---- */

const char *
conf_credential_fault(const char *name)
{
	enum field_id id = http_field_find(slice_str(name));

	if (!http_is_token(slice_str(name)))
		return "is not the name of a header field";
	if (id == FIELD_OTHER)
		id = http_field_folded(slice_str(name));
	return id != FIELD_OTHER ? "is a field with a meaning of its own"
				 : NULL;
}

static void
check_header(struct access_check *ac, const struct conf_auth *a)
{
	const char *fault;

	if (a->header == NULL)
		return;
	fault = conf_credential_fault(a->header);
	if (fault != NULL &&
	    slice_eq_nocase(slice_str(a->header), SLICE_LIT("Authorization")))
		fault = a->kind == IMG_AUTH_API_KEY
		    ? "has a scheme before the credentials"
		    : "is where a token is when there is no header";
	if (fault == NULL && conf_told(ac->c, a->header))
		fault = "is set by the gateway alone (identity_headers)";
	if (fault != NULL)
		COMPLAIN(
		    ac, a, "header", "header: \"%s\" %s", a->header, fault);
}

static void
check_credentials(struct access_check *ac, const struct conf_auth *a)
{
	check_header(ac, a);
	if (a->cookie != NULL && !http_is_token(slice_str(a->cookie)))
		COMPLAIN(ac, a, "cookie",
		    "cookie: \"%s\" is not the name of a cookie", a->cookie);
	if (a->cookie != NULL && a->header != NULL)
		COMPLAIN(ac, a, "cookie",
		    "cookie: a token is in one place, and there is header");
	if (a->query != NULL && strpbrk(a->query, "&=#+% ") != NULL)
		COMPLAIN(ac, a, "query",
		    "query: \"%s\" has a character that no parameter's name "
		    "has",
		    a->query);
}

/* It stands in a quoted string (RFC 9110 11.5). */
static void
check_realm(struct access_check *ac, const struct conf_auth *a)
{
	if (a->realm == NULL)
		return;
	for (const char *p = a->realm; *p != '\0'; p++) {
		if (*p >= ' ' && *p < 0x7f && *p != '"' && *p != '\\')
			continue;
		COMPLAIN(ac, a, "realm",
		    "realm: \"%s\" has a quote, a backslash or a character "
		    "outside ASCII",
		    a->realm);
		return;
	}
}

/* ---- all of them ---- */

static void
check_kind(struct access_check *ac, struct conf_auth *a)
{
	switch ((enum img_auth_type)a->kind) {
	case IMG_AUTH_JWT:
		conf_check_jwt(ac, a);
		break;
	case IMG_AUTH_API_KEY:
		if (a->header == NULL && a->query == NULL &&
		    !given(a, "header") && !given(a, "query"))
			a->header = "X-API-Key";
		conf_check_holders(ac, a);
		break;
	case IMG_AUTH_BASIC:
	case IMG_AUTH_MTLS:
		conf_check_holders(ac, a);
		break;
	case IMG_AUTH_INTROSPECTION:
	case IMG_AUTH_FORWARD:
		conf_check_asked(ac, a);
		break;
	case IMG_AUTH_TYPES:
		break;
	}
}

static void
check_auth(struct access_check *ac, size_t i)
{
	struct conf_auth *a = &ac->c->auths[i];

	check_name(ac, i);
	a->service_index = SIZE_MAX;
	a->jwks.trust = IMG_NONE;
	a->has_jwks = given(a, "jwks");
	if (a->type == NULL) {
		if (!given(a, "type"))
			COMPLAIN(
			    ac, a, "type", "an authenticator needs a type");
		return;
	}
	a->kind = conf_word_index(&conf_block_auth, "type", a->type);
	if (a->ttl_us == CONF_UNSET)
		a->ttl_us = ttls[a->kind];
	check_rows(ac, a);
	check_credentials(ac, a);
	check_realm(ac, a);
	check_kind(ac, a);
}

void
conf_check_auths(struct access_check *ac)
{
	for (size_t i = 0; i < ac->c->auth_count; i++)
		check_auth(ac, i);
	if (ac->c->auth_count > AUTHS_MAX)
		ACCESS_COMPLAIN(ac, &conf_block_top, ac->c, "authenticators",
		    "authenticators: %zu are more than the %d that there is "
		    "room for",
		    ac->c->auth_count, AUTHS_MAX);
}

void
conf_access_begin(struct access_check *ac, struct conf *c,
    const struct map *services, struct diag *d)
{
	*ac = (struct access_check){ .c = c, .d = d, .services = services };
	map_init(&ac->auths);
	map_init(&ac->roles);
	map_init(&ac->listed);
	map_init(&ac->granted);
	map_init(&ac->patterns);
	map_init(&ac->demanded);
	conf_check_told(ac);
	conf_check_issuers(ac);
	conf_check_roles(ac);
	conf_check_auths(ac);
}
