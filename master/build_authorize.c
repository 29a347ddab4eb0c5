/*
 * build_authorize.c - what a route demands of an identity: sets of roles and
 * permissions, and the templates of tenants and claims.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "master/build_roles.h"
#include "master/build_template.h"

struct authorize_build {
	struct image *im;
	const struct grant_bits *g;
	const struct pattern *pattern;
	struct diag *d;
};

/* The names as a set; 0 without any. */
static uint32_t
set_build(struct authorize_build *ab, const struct map *numbers, uint32_t words,
    const struct conf_strings *names)
{
	uint32_t off;
	uint64_t *set;

	if (names->count == 0)
		return 0;
	off = image_alloc(ab->im, words * sizeof(*set));
	set = image_at(ab->im, off);
	for (size_t i = 0; i < names->count; i++) {
		size_t bit =
		    (size_t)map_get(numbers, slice_str(names->items[i]))
			->value.num -
		    1;

		set[bit / 64] |= UINT64_C(1) << bit % 64;
	}
	return off;
}

/* As it is compared: neither encoded nor cut. */
static struct img_span
template_build(struct authorize_build *ab, const char *text, const char *what,
    struct conf_place place)
{
	struct template_source source = { .text = text,
		.what = what,
		.place = place,
		.use = TEMPLATE_IN_HEADER,
		.pattern = ab->pattern };

	if (text == NULL)
		return (struct img_span){ 0, 0 };
	return template_compile(ab->im, &source, ab->d);
}

static struct img_claim_rule
rule_build(struct authorize_build *ab, const struct conf_claim_rule *rule)
{
	struct img_claim_rule out = { .compare = rule->compare,
		.number = rule->number };

	out.claim = image_text(ab->im, slice_str(rule->claim));
	if (rule->compare < IMG_COMPARE_EXISTS)
		out.value = template_build(
		    ab, rule->value, "claims", rule->value_place);
	return out;
}

static struct img_span
rules_build(struct authorize_build *ab, const struct conf_demand *demand)
{
	struct img_span span = image_span(
	    ab->im, NULL, demand->claim_count, sizeof(struct img_claim_rule));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_claim_rule out = rule_build(ab, &demand->claims[i]);
		struct img_claim_rule *all = image_at(ab->im, span.off);

		all[i] = out;
	}
	return span;
}

static struct img_demand
demand_build(struct authorize_build *ab, const struct conf_demand *demand)
{
	const struct grant_bits *g = ab->g;
	struct img_demand out;

	out.any_role =
	    set_build(ab, &g->roles, g->role_words, &demand->any_role);
	out.all_roles =
	    set_build(ab, &g->roles, g->role_words, &demand->all_roles);
	out.permissions = set_build(
	    ab, &g->permissions, g->permission_words, &demand->permissions);
	out.tenant =
	    template_build(ab, demand->tenant, "tenant", demand->tenant_place);
	out.claims = rules_build(ab, demand);
	return out;
}

bool
build_authorize(struct image *im, const struct grant_bits *g,
    const struct conf_route *r, const struct pattern *p,
    struct img_authorize *out, struct diag *d)
{
	struct authorize_build ab = { im, g, p, d };
	size_t errors = d->errors;

	out->allow = demand_build(&ab, &r->authorize);
	out->deny =
	    image_span(im, NULL, r->deny_count, sizeof(struct img_demand));
	for (uint32_t i = 0; i < out->deny.count; i++) {
		struct img_demand deny =
		    demand_build(&ab, &r->denies[i].demand);
		struct img_demand *all = image_at(im, out->deny.off);

		all[i] = deny;
	}
	return d->errors == errors;
}
