/*
 * conf_check_demand.c - what routes ask of requests: authenticators, roles,
 * permissions, claims.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_suggest.h"

#define SUGGESTIONS_MAX 100

#define COMPLAIN(ac, r, path, ...) \
	ACCESS_COMPLAIN((ac), &conf_block_route, (r), (path), __VA_ARGS__)

static bool
given(const struct conf_route *r, const char *path)
{
	return conf_given(&conf_block_route, r, path);
}

/* ---- claims ---- */

static const struct {
	const char *path;
	uint32_t compare;
	bool ordered;
} comparisons[] = {
	{ "equals", IMG_COMPARE_EQUALS, false },
	{ "not_equals", IMG_COMPARE_NOT_EQUALS, false },
	{ "contains", IMG_COMPARE_CONTAINS, false },
	{ "exists", IMG_COMPARE_EXISTS, false },
	{ "at_least", IMG_COMPARE_AT_LEAST, true },
	{ "at_most", IMG_COMPARE_AT_MOST, true },
	{ "more", IMG_COMPARE_MORE, true },
	{ "less", IMG_COMPARE_LESS, true },
};

#define COMPARISONS (sizeof(comparisons) / sizeof(comparisons[0]))

static const char *
rule_value(const struct conf_claim_rule *rule)
{
	switch ((enum img_compare)rule->compare) {
	case IMG_COMPARE_EQUALS:
		return rule->equals;
	case IMG_COMPARE_NOT_EQUALS:
		return rule->not_equals;
	case IMG_COMPARE_CONTAINS:
		return rule->contains;
	case IMG_COMPARE_EXISTS:
		return NULL;
	case IMG_COMPARE_AT_LEAST:
		return rule->at_least;
	case IMG_COMPARE_AT_MOST:
		return rule->at_most;
	case IMG_COMPARE_MORE:
		return rule->more;
	case IMG_COMPARE_LESS:
		return rule->less;
	}
	return NULL;
}

/* Digits, with a sign and a point if need be: no hex, no infinity. */
static bool
number_take(const char *text, double *number)
{
	char *end;

	if (strspn(text, "+-.0123456789eE") != strlen(text) || *text == '\0')
		return false;
	*number = strtod(text, &end);
	return *end == '\0' && *number > -1e308 && *number < 1e308;
}

static void
check_number(
    struct access_check *ac, struct conf_claim_rule *rule, const char *path)
{
	if (rule->value != NULL && !number_take(rule->value, &rule->number))
		ACCESS_COMPLAIN(ac, &conf_block_claim_rule, rule, path,
		    "%s: \"%s\" is not a number", path, rule->value);
}

static void
check_rule(struct access_check *ac, struct conf_claim_rule *rule)
{
	const struct conf_block *b = &conf_block_claim_rule;
	size_t count = 0, which = 0;

	for (size_t i = 0; i < COMPARISONS; i++) {
		if (!conf_given(b, rule, comparisons[i].path) ||
		    (comparisons[i].compare == IMG_COMPARE_EXISTS &&
			!rule->exists))
			continue;
		which = i;
		count++;
	}
	if (!conf_given(b, rule, "claim"))
		ACCESS_COMPLAIN(
		    ac, b, rule, "claim", "a claim rule needs a claim");
	if (count != 1) {
		ACCESS_COMPLAIN(ac, b, rule, "claim",
		    "a claim rule has exactly one of equals, not_equals, "
		    "contains, exists, at_least, at_most, more and less");
		return;
	}
	rule->compare = comparisons[which].compare;
	rule->value = rule_value(rule);
	rule->value_place = conf_where(ac->c, b, rule, comparisons[which].path);
	if (comparisons[which].ordered)
		check_number(ac, rule, comparisons[which].path);
}

/* ---- demands ---- */

static const char *const demand_keys[] = { "any_role", "all_roles",
	"permissions", "tenant", "claims" };

#define DEMAND_KEYS (sizeof(demand_keys) / sizeof(demand_keys[0]))

/* The path of a key in the group, in buf. */
static const char *
key_path(const char *group, const char *key, char *buf, size_t size)
{
	(void)snprintf(buf, size, "%s%s", group, key);
	return buf;
}

static void
check_some(struct access_check *ac, const struct conf_strings *names,
    struct conf_place at, const char *path)
{
	if (names->items != NULL && names->count == 0)
		diag_error(
		    ac->d, at.file, at.line, "%s: it must have one", path);
}

void
conf_check_demand(struct access_check *ac, const struct conf_block *b,
    const void *thing, const char *group, struct conf_demand *demand)
{
	struct conf_strings *lists[] = { &demand->any_role, &demand->all_roles,
		&demand->permissions };
	char path[64];

	for (size_t i = 0; i < 3; i++) {
		const char *key =
		    key_path(group, demand_keys[i], path, sizeof(path));

		check_some(ac, lists[i], conf_where(ac->c, b, thing, key), key);
		if (i < 2)
			conf_check_role_names(ac, lists[i], key);
		else
			conf_check_demands(ac, lists[i], key);
	}
	demand->tenant_place = conf_where(
	    ac->c, b, thing, key_path(group, "tenant", path, sizeof(path)));
	for (size_t i = 0; i < demand->claim_count; i++)
		check_rule(ac, &demand->claims[i]);
}

static bool
demand_given(const struct conf_block *b, const void *thing, const char *group)
{
	char path[64];

	for (size_t i = 0; i < DEMAND_KEYS; i++)
		if (conf_given(b, thing,
			key_path(group, demand_keys[i], path, sizeof(path))))
			return true;
	return false;
}

static void
check_denies(struct access_check *ac, struct conf_route *r)
{
	for (size_t i = 0; i < r->deny_count; i++) {
		struct conf_deny *deny = &r->denies[i];

		if (!demand_given(&conf_block_deny, deny, ""))
			diag_error(ac->d, deny->place.file, deny->place.line,
			    "authorize.deny: a rule that asks for nothing "
			    "would refuse everybody");
		conf_check_demand(
		    ac, &conf_block_deny, deny, "", &deny->demand);
	}
}

/* Whether one of its authenticators knows the claims of tokens. */
static bool
route_has_claims(const struct access_check *ac, const struct conf_route *r)
{
	for (size_t i = 0; i < r->auth_count; i++) {
		uint32_t kind = ac->c->auths[r->auth_indexes[i]].kind;

		if (kind == IMG_AUTH_JWT || kind == IMG_AUTH_INTROSPECTION)
			return true;
	}
	return false;
}

static void
check_claims_known(struct access_check *ac, const struct conf_route *r)
{
	const struct conf_claim_rule *first = r->authorize.claims;

	for (size_t i = 0; first == NULL && i < r->deny_count; i++)
		first = r->denies[i].demand.claims;
	if (first != NULL && r->auth_count != 0 && !route_has_claims(ac, r))
		diag_error(ac->d, first->place.file, first->place.line,
		    "claims: none of the route's authenticators knows claims; "
		    "jwt and introspection do");
}

static void
check_authorize(struct access_check *ac, struct conf_route *r)
{
	if (r->authenticate.count == 0 && !given(r, "authenticate"))
		COMPLAIN(ac, r, "authorize",
		    "authorize: it needs authenticate, or nobody is known");
	if (!demand_given(&conf_block_route, r, "authorize.") &&
	    r->deny_count == 0)
		COMPLAIN(ac, r, "authorize", "authorize: it demands nothing");
	conf_check_demand(
	    ac, &conf_block_route, r, "authorize.", &r->authorize);
	check_denies(ac, r);
	check_claims_known(ac, r);
}

/* ---- authenticators of a route ---- */

static void
dangling(struct access_check *ac, const struct conf_route *r, size_t i)
{
	const struct conf_place *at = &r->authenticate.places[i];
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, r->authenticate.items[i]);
	conf_suggest_offer(&near, "anonymous");
	if (ac->suggestions++ < SUGGESTIONS_MAX)
		for (size_t k = 0; k < ac->c->auth_count; k++)
			conf_suggest_offer(&near, ac->c->auths[k].name);
	diag_error(ac->d, at->file, at->line,
	    "authenticate: there is no authenticator \"%s\"%s",
	    r->authenticate.items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

static void
find_auths(struct access_check *ac, struct conf_route *r)
{
	const struct conf_strings *names = &r->authenticate;
	const struct map_entry *e;

	conf_check_twice(names, "authenticate", ac->d);
	r->auth_indexes = arena_alloc(
	    &ac->c->arena, (names->count + 1) * sizeof(*r->auth_indexes));
	MUST(r->auth_indexes != NULL);
	for (size_t i = 0; i < names->count; i++) {
		if (strcmp(names->items[i], "anonymous") == 0) {
			r->anonymous = true;
			continue;
		}
		e = map_get(&ac->auths, slice_str(names->items[i]));
		if (e != NULL)
			r->auth_indexes[r->auth_count++] =
			    (uint32_t)e->value.num - 1;
		else
			dangling(ac, r, i);
	}
}

static void
check_authenticate(struct access_check *ac, struct conf_route *r)
{
	const struct conf_strings *names = &r->authenticate;

	check_some(ac, names,
	    conf_where(ac->c, &conf_block_route, r, "authenticate"),
	    "authenticate");
	find_auths(ac, r);
	if (r->anonymous && names->count == 1)
		COMPLAIN(ac, r, "authenticate",
		    "authenticate: \"anonymous\" alone asks nobody: leave it "
		    "out");
	if (r->close_revoked && !given(r, "authenticate"))
		COMPLAIN(ac, r, "close_revoked",
		    "close_revoked: it needs authenticate");
}

/* ---- all of it ---- */

void
conf_check_route_access(struct access_check *ac, struct conf_route *r)
{
	r->has_authorize = given(r, "authorize");
	check_authenticate(ac, r);
	if (conf_route_grant(r) != NULL)
		conf_check_grant(ac, r);
	if (r->has_authorize)
		check_authorize(ac, r);
}
