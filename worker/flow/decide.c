/*
 * decide.c - see decide.h.
 */
#include "worker/flow/decide.h"

#include <stdlib.h>

#include "common/jose/claims.h"
#include "shm/image.h"

struct decider {
	const struct img_head *img;
	struct identity *id;
	const struct grants *grants;
	const struct template_vars *vars;
	struct arena *arena;
};

/* ---- roles and permissions ---- */

static uint32_t
bit_first(uint64_t word, uint32_t at)
{
	return at * 64 + (uint32_t)__builtin_ctzll(word);
}

/* The number of the first bit of the set that lacks; IMG_NONE: none does. */
static uint32_t
bits_lacking(
    const struct decider *c, const uint64_t *have, uint32_t set, uint32_t words)
{
	const uint64_t *want = img_at(c->img, set);

	for (uint32_t i = 0; i < words; i++)
		if ((want[i] & ~have[i]) != 0)
			return bit_first(want[i] & ~have[i], i);
	return IMG_NONE;
}

/* Likewise when none of the set is there. */
static uint32_t
bits_apart(
    const struct decider *c, const uint64_t *have, uint32_t set, uint32_t words)
{
	const uint64_t *want = img_at(c->img, set);
	uint32_t first = IMG_NONE;

	for (uint32_t i = 0; i < words; i++) {
		if ((want[i] & have[i]) != 0)
			return IMG_NONE;
		if (first == IMG_NONE && want[i] != 0)
			first = bit_first(want[i], i);
	}
	return first;
}

static bool
role_lacks(const struct decider *c, uint32_t number, struct decision *d)
{
	const struct img_role *roles = img_at(c->img, c->img->access.roles.off);

	if (number == IMG_NONE)
		return false;
	d->kind = DECISION_ROLE;
	d->subject = img_slice(c->img, roles[number].name);
	return true;
}

static bool
roles_lack(
    const struct decider *c, const struct img_demand *w, struct decision *d)
{
	const struct img_access *a = &c->img->access;
	const uint64_t *have = c->grants->roles;

	if (w->any_role != 0 &&
	    role_lacks(c, bits_apart(c, have, w->any_role, a->role_words), d))
		return true;
	return w->all_roles != 0 &&
	    role_lacks(
		c, bits_lacking(c, have, w->all_roles, a->role_words), d);
}

static bool
permissions_lack(
    const struct decider *c, const struct img_demand *w, struct decision *d)
{
	const struct img_access *a = &c->img->access;
	const struct img_str *names = img_at(c->img, a->permissions.off);
	uint32_t number = IMG_NONE;

	if (w->permissions != 0)
		number = bits_lacking(c, c->grants->permissions, w->permissions,
		    a->permission_words);
	if (number == IMG_NONE)
		return false;
	d->kind = DECISION_PERMISSION;
	d->subject = img_slice(c->img, names[number]);
	return true;
}

/* ---- tenant and claims ---- */

static struct slice
decide_value(const struct decider *c, struct img_span ops)
{
	return template_eval(c->img, ops, TEMPLATE_TEXT, c->vars, c->arena);
}

static bool
tenant_differs(
    const struct decider *c, const struct img_demand *w, struct decision *d)
{
	struct slice want, have = identity_claim(c->id, IMG_CLAIM_TENANT);

	if (w->tenant.count == 0)
		return false;
	want = decide_value(c, w->tenant);
	if (want.n != 0 && slice_eq(want, have))
		return false;
	d->kind = DECISION_TENANT;
	d->subject = want;
	return true;
}

/* "a b c", as scopes are written (RFC 6749 3.3). */
static bool
words_have(struct slice words, struct slice want)
{
	while (words.n != 0) {
		const char *end = memchr(words.p, ' ', words.n);
		size_t n = end != NULL ? (size_t)(end - words.p) : words.n;

		if (slice_eq(slice_make(words.p, n), want))
			return true;
		words = slice_skip(words, n + (end != NULL));
	}
	return false;
}

/* Strings by their text, all else as it is written. */
static bool
value_equals(const struct json_value *v, struct slice want)
{
	return v->kind == JSON_VALUE_STRING ? json_read_is(v, want)
					    : slice_eq(v->text, want);
}

static bool
value_contains(
    const struct decider *c, const struct json_value *v, struct slice want)
{
	struct json_value element;
	size_t at = 0;
	char *room;

	if (v->kind == JSON_VALUE_ARRAY) {
		while (json_read_next_element(v, &at, &element))
			if (value_equals(&element, want))
				return true;
		return false;
	}
	if (v->kind != JSON_VALUE_STRING)
		return false;
	room = arena_alloc(c->arena, v->text.n);
	return room != NULL && words_have(json_read_string(v, room), want);
}

static bool
value_ordered(const struct json_value *v, enum img_compare compare, double want)
{
	double have;

	if (!json_read_decimal(v, &have))
		return false;
	switch (compare) {
	case IMG_COMPARE_AT_LEAST:
		return have >= want;
	case IMG_COMPARE_AT_MOST:
		return have <= want;
	case IMG_COMPARE_MORE:
		return have > want;
	case IMG_COMPARE_LESS:
		return have < want;
	case IMG_COMPARE_EQUALS:
	case IMG_COMPARE_NOT_EQUALS:
	case IMG_COMPARE_CONTAINS:
	case IMG_COMPARE_EXISTS:
		break;
	}
	return false;
}

static bool
claim_holds(const struct decider *c, const struct img_claim_rule *rule,
    const struct json_value *v)
{
	struct slice want = decide_value(c, rule->value);

	switch ((enum img_compare)rule->compare) {
	case IMG_COMPARE_EXISTS:
		return true;
	case IMG_COMPARE_EQUALS:
		return value_equals(v, want);
	case IMG_COMPARE_NOT_EQUALS:
		return !value_equals(v, want);
	case IMG_COMPARE_CONTAINS:
		return value_contains(c, v, want);
	case IMG_COMPARE_AT_LEAST:
	case IMG_COMPARE_AT_MOST:
	case IMG_COMPARE_MORE:
	case IMG_COMPARE_LESS:
		break;
	}
	return value_ordered(v, (enum img_compare)rule->compare, rule->number);
}

/* A claim that is not there is never as it should be, whatever that is. */
static __attribute__((noinline)) bool
claims_differ(
    const struct decider *c, const struct img_demand *w, struct decision *d)
{
	const struct img_claim_rule *rules = img_at(c->img, w->claims.off);
	struct json_value all = { .kind = JSON_VALUE_OBJECT,
		.text = c->id->claims };
	struct json_value v;

	for (uint32_t i = 0; i < w->claims.count; i++) {
		struct slice name = img_slice(c->img, rules[i].claim);

		if (all.text.n != 0 && claims_find(&all, name, &v) &&
		    claim_holds(c, &rules[i], &v))
			continue;
		d->kind = DECISION_CLAIM;
		d->subject = name;
		return true;
	}
	return false;
}

/* ---- the rule ---- */

/* What of w does not hold is in d. */
static bool
demand_fails(
    const struct decider *c, const struct img_demand *w, struct decision *d)
{
	return roles_lack(c, w, d) || permissions_lack(c, w, d) ||
	    tenant_differs(c, w, d) ||
	    (w->claims.count != 0 && claims_differ(c, w, d));
}

static bool
demand_is_empty(const struct img_demand *w)
{
	return w->any_role == 0 && w->all_roles == 0 && w->permissions == 0 &&
	    w->tenant.count == 0 && w->claims.count == 0;
}

static bool
decide_denied(
    const struct decider *c, const struct img_authorize *a, struct decision *d)
{
	const struct img_demand *deny = img_at(c->img, a->deny.off);
	struct decision why_not;

	for (uint32_t i = 0; i < a->deny.count; i++) {
		if (demand_fails(c, &deny[i], &why_not))
			continue;
		d->kind = DECISION_DENIED;
		d->rule = i + 1;
		return true;
	}
	return false;
}

void
decide(const struct img_head *img, const struct img_authorize *a,
    struct identity *id, const struct template_vars *v, struct arena *arena,
    struct decision *d)
{
	struct decider c = { img, id, NULL, v, arena };

	*d = (struct decision){ .kind = DECISION_ALLOWED };
	if (id == NULL) {
		if (!demand_is_empty(&a->allow))
			d->kind = DECISION_NO_IDENTITY;
		return;
	}
	c.grants = grants_of(img, id);
	if (c.grants == NULL || decide_denied(&c, a, d) ||
	    demand_fails(&c, &a->allow, d)) {
		if (c.grants == NULL)
			d->kind = DECISION_NO_MEMORY;
		return;
	}
}

void
decision_text(const struct decision *d, struct text *out)
{
	switch (d->kind) {
	case DECISION_ALLOWED:
		text_add(out, SLICE_LIT("all that is demanded holds"));
		return;
	case DECISION_NO_IDENTITY:
		text_add(out, SLICE_LIT("nobody is known to have sent it"));
		return;
	case DECISION_ROLE:
		text_printf(out, "no role \"%.*s\"", SLICE_FMT(d->subject));
		return;
	case DECISION_PERMISSION:
		text_printf(
		    out, "no permission \"%.*s\"", SLICE_FMT(d->subject));
		return;
	case DECISION_TENANT:
		text_printf(
		    out, "not of tenant \"%.*s\"", SLICE_FMT(d->subject));
		return;
	case DECISION_CLAIM:
		text_printf(out, "claim \"%.*s\" is not as demanded",
		    SLICE_FMT(d->subject));
		return;
	case DECISION_DENIED:
		text_printf(out, "deny rule %u is met", d->rule);
		return;
	case DECISION_NO_MEMORY:
		text_add(out, SLICE_LIT("no memory"));
		return;
	}
}
