/*
 * build_route.c - methods, conditions, templates and rules of a route.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/build_access.h"
#include "master/build_fallback.h"
#include "master/build_limits.h"
#include "master/build_lines.h"
#include "master/build_route.h"
#include "master/build_split.h"
#include "master/build_template.h"
#include "master/conf_digest.h"

struct img_timeouts
build_timeouts(const struct conf_timeouts *t)
{
	return (struct img_timeouts){ .head = t->head,
		.body = t->body,
		.send = t->send,
		.idle = t->idle,
		.connect = t->connect,
		.response = t->response,
		.tunnel = t->tunnel };
}

uint32_t
build_shared_timeouts(struct image *im, const struct conf_timeouts *t)
{
	struct img_timeouts out = build_timeouts(t);

	return image_shared(im, &out, 1, sizeof(out)).off;
}

void
build_methods(struct image *im, const struct conf_strings *methods,
    uint32_t *bits, struct img_span *other_methods)
{
	struct img_str *others = calloc(methods->count + 1, sizeof(*others));
	size_t count = 0;

	MUST(others != NULL);
	for (size_t i = 0; i < methods->count; i++) {
		struct slice name = slice_str(methods->items[i]);
		enum http_method m = http_method_find(name);

		*bits |= UINT32_C(1) << m;
		if (m == METHOD_OTHER)
			others[count++] = image_text(im, name);
	}
	/* RFC 9110 9.1: whoever has GET has HEAD. */
	if ((*bits >> METHOD_GET & 1) != 0)
		*bits |= UINT32_C(1) << METHOD_HEAD;
	*other_methods = image_shared(im, others, count, sizeof(*others));
	free(others);
}

/* What a client's certificate must have; "*" at the end: any rest. */
static struct img_condition
client_condition_build(struct image *im, const struct conf_condition *c)
{
	struct img_condition out = { .kind = COND_CLIENT_FINGERPRINT,
		.has_value = true };
	struct slice value = slice_str(c->client_fingerprint);

	if (c->client_subject != NULL) {
		out.kind = COND_CLIENT_SUBJECT;
		value = slice_str(c->client_subject);
	} else if (c->client_san != NULL) {
		out.kind = COND_CLIENT_SAN;
		value = slice_str(c->client_san);
	}
	out.is_prefix = value.n != 0 && value.p[value.n - 1] == '*';
	value.n -= out.is_prefix;
	out.value = image_text(im, value);
	return out;
}

static struct img_condition
condition_build(struct image *im, const struct conf_condition *c)
{
	struct img_condition out = { .has_value = c->value != NULL };

	if (c->header != NULL) {
		out.kind = COND_HEADER;
		out.id = http_field_find(slice_str(c->header));
		out.name = image_text(im, slice_str(c->header));
	} else if (c->query != NULL) {
		out.kind = COND_QUERY;
		out.name = image_text(im, slice_str(c->query));
	} else if (c->cookie != NULL) {
		out.kind = COND_COOKIE;
		out.name = image_text(im, slice_str(c->cookie));
	} else {
		return client_condition_build(im, c);
	}
	out.value = image_text(im, slice_str(c->value));
	return out;
}

static struct img_span
conditions_build(struct image *im, const struct conf_route *r)
{
	struct img_condition *all;
	struct img_span span;

	if (r->condition_count == 0)
		return (struct img_span){ 0, 0 };
	all = calloc(r->condition_count, sizeof(*all));
	MUST(all != NULL);
	for (size_t i = 0; i < r->condition_count; i++)
		all[i] = condition_build(im, &r->conditions[i]);
	span = image_span(im, all, r->condition_count, sizeof(*all));
	free(all);
	return span;
}

static struct img_rule
rule_build(struct image *im, const struct conf_header_rule *rule,
    const struct pattern *p, struct diag *d)
{
	struct template_source source = { .text = rule->value,
		.what = "value",
		.place = rule->place,
		.use = TEMPLATE_IN_HEADER,
		.pattern = p };
	struct img_rule out = { .kind = RULE_REMOVE };
	const char *name = rule->remove;

	if (rule->set != NULL) {
		out.kind = RULE_SET;
		name = rule->set;
	} else if (rule->add != NULL) {
		out.kind = RULE_ADD;
		name = rule->add;
	}
	out.id = http_field_find(slice_str(name));
	out.name = image_text(im, slice_str(name));
	if (rule->value != NULL)
		out.value = template_compile(im, &source, d);
	return out;
}

static struct img_span
rules_build(struct image *im, const struct conf_header_rule *rules,
    size_t count, const struct pattern *p, struct diag *d)
{
	struct img_rule *all;
	struct img_span span;

	if (count == 0)
		return (struct img_span){ 0, 0 };
	all = calloc(count, sizeof(*all));
	MUST(all != NULL);
	for (size_t i = 0; i < count; i++)
		all[i] = rule_build(im, &rules[i], p, d);
	span = image_shared(im, all, count, sizeof(*all));
	free(all);
	return span;
}

#define BIT(filter) (UINT32_C(1) << IMG_FILTER_##filter)

/* Those of a route that leads to a service. */
static uint32_t
filters_onward(const struct img_route *r, const struct conf *c,
    const struct conf_route *from)
{
	uint32_t all = BIT(FORWARDED) | BIT(TRANSFORM) | BIT(FORWARD);

	/* Only then there is something to tell. */
	if (r->authenticate.count != 0 || c->services[r->service].has_token ||
	    build_split_tells(c, from) || build_fallback_tells(c, from))
		all |= BIT(IDENTITY);
	if (build_fallback_sends(c, from))
		all |= BIT(FALLBACK);
	if (r->split != 0)
		all |= BIT(SPLIT);
	if (r->upgrades.count != 0)
		all |= BIT(UPGRADE);
	if (from->grpc_web)
		all |= BIT(GRPC_WEB);
	return all;
}

static uint32_t
filters_of(const struct img_route *r, const struct conf *c,
    const struct conf_route *from)
{
	uint32_t all = r->cors != IMG_NONE ? BIT(CORS) : 0;

	if (c->telemetry.tracing.on)
		all |= BIT(TRACE);
	if (r->acl != IMG_NONE)
		all |= BIT(ACL);
	if (r->authenticate.count != 0)
		all |= BIT(AUTHENTICATE);
	if (r->authorize != IMG_NONE)
		all |= BIT(AUTHORIZE);
	if (r->limits.count != 0)
		all |= BIT(LIMIT);
	if (r->late_limits.count != 0)
		all |= BIT(LATE_LIMIT);
	if (r->respond == IMG_NONE && r->grant == IMG_GRANT_NONE)
		return all | filters_onward(r, c, from);
	all |= r->respond != IMG_NONE ? BIT(RESPOND) : BIT(GRANT);
	if (r->grant == IMG_GRANT_ISSUE || r->grant == IMG_GRANT_REFRESH)
		all |= BIT(GRANT_LIMIT);
	/* On the way back it applies response_headers. */
	if (r->response_rules.count != 0)
		all |= BIT(TRANSFORM);
	return all;
}

#undef BIT

static void
rewrite_build(struct image *im, const struct conf_route *r,
    const struct pattern *p, struct img_route *out, struct diag *d)
{
	struct template_source source = { .text = r->rewrite,
		.what = "rewrite",
		.place = r->rewrite_place,
		.use = TEMPLATE_IN_TARGET,
		.pattern = p };

	out->has_rewrite = r->rewrite != NULL;
	if (out->has_rewrite)
		out->rewrite = template_compile(im, &source, d);
}

static void
access_build(
    struct image *im, const struct conf_route *r, struct img_route *out)
{
	out->authenticate = image_shared(
	    im, r->auth_indexes, r->auth_count, sizeof(*r->auth_indexes));
	out->anonymous = r->anonymous;
	out->close_revoked = r->close_revoked;
	if (r->issue)
		out->grant = IMG_GRANT_ISSUE;
	else if (r->refresh)
		out->grant = IMG_GRANT_REFRESH;
	else if (r->jwks)
		out->grant = IMG_GRANT_JWKS;
}

bool
build_route(struct image *im, const struct conf *c, const struct conf_route *r,
    const struct pattern *p, struct img_route *out, struct img_route_more *more,
    struct diag *d)
{
	size_t errors = d->errors;

	out->name = image_text(im, slice_str(r->name));
	more->path = image_text(im, slice_str(r->path));
	more->digest = conf_route_digest(r);
	out->encoded_slash_keep = r->encoded_slash_keep;
	out->retry_unsafe = r->retry_unsafe;
	out->class = (uint8_t)r->class;
	out->timeouts = build_shared_timeouts(im, &r->timeouts);
	more->hosts = build_strings(im, &r->hosts);
	out->upgrades = build_strings(im, &r->upgrade);
	build_methods(im, &r->methods, &out->methods, &more->other_methods);
	out->conditions = conditions_build(im, r);
	rewrite_build(im, r, p, out, d);
	out->request_rules =
	    rules_build(im, r->request_headers, r->request_header_count, p, d);
	out->response_rules = rules_build(
	    im, r->response_headers, r->response_header_count, p, d);
	build_split(im, r, out);
	access_build(im, r, out);
	build_route_limits(im, c, r, out);
	out->filters = filters_of(out, c, r);
	more->lines = build_route_lines(im, c, r);
	return d->errors == errors;
}

bool
build_respond(struct image *im, const struct conf_respond *r, const char *what,
    const struct pattern *p, struct img_respond *out, struct diag *d)
{
	struct template_source source = { .text = r->body,
		.what = what,
		.place = r->place,
		.use = TEMPLATE_IN_BODY,
		.pattern = p };
	size_t errors = d->errors;

	out->status = (uint32_t)r->status;
	out->content_type = image_text(im, slice_str(r->content_type));
	if (r->body != NULL)
		out->body = template_compile(im, &source, d);
	return d->errors == errors;
}
