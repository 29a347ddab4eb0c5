/*
 * build_route.c - methods, conditions, templates and rules of a route.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "common/http/http.h"
#include "master/build_route.h"
#include "master/build_template.h"

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

static struct img_span
names_build(struct image *im, const struct conf_strings *names)
{
	struct img_str *all;
	struct img_span span;

	if (names->count == 0)
		return (struct img_span){ 0, 0 };
	all = calloc(names->count, sizeof(*all));
	MUST(all != NULL);
	for (size_t i = 0; i < names->count; i++)
		all[i] = image_text(im, slice_str(names->items[i]));
	span = image_span(im, all, names->count, sizeof(*all));
	free(all);
	return span;
}

static void
methods_build(
    struct image *im, const struct conf_strings *methods, struct img_route *out)
{
	struct img_str *others = calloc(methods->count + 1, sizeof(*others));
	size_t count = 0;

	MUST(others != NULL);
	for (size_t i = 0; i < methods->count; i++) {
		struct slice name = slice_str(methods->items[i]);
		enum http_method m = http_method_find(name);

		out->methods |= UINT32_C(1) << m;
		if (m == METHOD_OTHER)
			others[count++] = image_text(im, name);
	}
	/* RFC 9110 9.1: whoever has GET has HEAD. */
	if ((out->methods >> METHOD_GET & 1) != 0)
		out->methods |= UINT32_C(1) << METHOD_HEAD;
	out->other_methods = image_span(im, others, count, sizeof(*others));
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
	span = image_span(im, all, count, sizeof(*all));
	free(all);
	return span;
}

#define BIT(filter) (UINT32_C(1) << IMG_FILTER_##filter)

static uint32_t
filters_of(const struct img_route *r, bool grpc_web)
{
	uint32_t own = BIT(RESPOND);
	uint32_t all = BIT(FORWARDED) | BIT(TRANSFORM) | BIT(FORWARD);

	if (r->respond != IMG_NONE) {
		/* On the way back it applies response_headers. */
		if (r->response_rules.count != 0)
			own |= BIT(TRANSFORM);
		return own;
	}
	if (r->upgrades.count != 0)
		all |= BIT(UPGRADE);
	if (grpc_web)
		all |= BIT(GRPC_WEB);
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

bool
build_route(struct image *im, const struct conf_route *r,
    const struct pattern *p, struct img_route *out, struct diag *d)
{
	size_t errors = d->errors;

	out->name = image_text(im, slice_str(r->name));
	out->path = image_text(im, slice_str(r->path));
	out->encoded_slash_keep = r->encoded_slash_keep;
	out->class = r->class;
	out->timeouts = build_timeouts(&r->timeouts);
	out->hosts = names_build(im, &r->hosts);
	out->upgrades = names_build(im, &r->upgrade);
	methods_build(im, &r->methods, out);
	out->conditions = conditions_build(im, r);
	rewrite_build(im, r, p, out, d);
	out->request_rules =
	    rules_build(im, r->request_headers, r->request_header_count, p, d);
	out->response_rules = rules_build(
	    im, r->response_headers, r->response_header_count, p, d);
	out->filters = filters_of(out, r->grpc_web);
	return d->errors == errors;
}

bool
build_respond(struct image *im, const struct conf_route *r,
    const struct pattern *p, struct img_respond *out, struct diag *d)
{
	struct template_source source = { .text = r->respond.body,
		.what = "respond.body",
		.place = r->respond.place,
		.use = TEMPLATE_IN_BODY,
		.pattern = p };
	size_t errors = d->errors;

	out->status = (uint32_t)r->respond.status;
	out->content_type = image_text(im, slice_str(r->respond.content_type));
	if (r->respond.body != NULL)
		out->body = template_compile(im, &source, d);
	return d->errors == errors;
}
