/*
 * template_fuzz.c - any bytes as a template, and any as the values that fill
 * it: no value leaves the place that the template gives it, and a lack of
 * memory is told.
 *
 * Input: a byte that bounds the memory (0: enough), then lines: template,
 * host, target, header value, cookies, client, claims, user.
 */
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/must.h"
#include "common/http/uri.h"
#include "master/conf_build.h"
#include "tests/fuzz/lines.h"
#include "worker/flow/identity.h"
#include "worker/flow/template.h"

#define LINES 8
#define ENOUGH (1u << 20)

struct scene {
	struct img_head *img;
	struct contexts *ctx;
	struct field fields[4];
	struct head head;
	struct uri uri;
	struct route_match match;
	struct template_vars vars;
	struct identity identity;
	size_t memory;
};

/* One route that uses the template where `use` says; NULL if it is none. */
static struct img_head *
image_make(const char *template, enum template_use use)
{
	struct conf_service service = { .name = "s",
		.fallback.service_index = IMG_NONE };
	struct conf_header_rule rules[] = {
		{ .set = "X-Version", .value = template },
		{ .add = "X-Other", .value = template },
		{ .add = "Server", .value = template },
		{ .set = "Host", .value = "{host}" },
		{ .remove = "Cookie" },
	};
	struct conf_route route = { .name = "r",
		.path = "/:x/*rest",
		.service = "s",
		.encoded_slash_keep = true,
		.rewrite = use == TEMPLATE_TARGET ? template : NULL,
		.request_headers = rules,
		.request_header_count = use == TEMPLATE_HEADER ? 5 : 0 };
	struct conf c = { .routes = &route,
		.route_count = 1,
		.services = &service,
		.service_count = 1 };
	struct diag d;
	char *image = NULL;
	uint64_t bytes = 0;

	if (use == TEMPLATE_BODY) {
		route.service = NULL;
		route.service_index = SIZE_MAX;
		route.respond = (struct conf_respond){ .status = 200,
			.body = template,
			.content_type = "text/plain" };
	}
	diag_init(&d);
	if (!conf_build(&c, &image, &bytes, &d)) {
		MUST(d.count != 0);
		image = NULL;
	}
	diag_fini(&d);
	return (struct img_head *)(void *)image;
}

static void
check_target(const struct scene *s)
{
	struct img_span ops = s->match.route->rewrite;
	struct arena a;
	struct slice target;
	const char *mark;
	char *room;
	struct uri u;
	size_t n;

	arena_init(&a, NULL, 0, s->memory);
	target = template_eval(s->img, ops, TEMPLATE_TARGET, &s->vars, &a);
	room = malloc(target.n + 1);
	MUST(room != NULL && (target.n == 0 || target.p[0] == '/'));
	mark = target.n != 0 ? memchr(target.p, '?', target.n) : NULL;
	n = mark != NULL ? (size_t)(mark - target.p) : target.n;
	MUST(n == 0 || memmem(target.p, n, "/./", 3) == NULL);
	MUST(n == 0 || memmem(target.p, n, "/../", 4) == NULL);
	if (n != 0 && uri_normalise(target, room, &u) == URI_OK)
		MUST(u.path.n <= n);
	free(room);
	arena_fini(&a);
}

static void
check_values(const struct head *h)
{
	for (uint32_t i = 0; i < h->count; i++) {
		struct slice v = h->fields[i].value;

		if (slice_eq(h->fields[i].name, SLICE_LIT("x-other")))
			continue; /* as it came */
		for (size_t k = 0; k < v.n; k++) {
			unsigned char c = (unsigned char)v.p[k];

			MUST((c >= ' ' && c != 0x7f) || c == '\t');
		}
		MUST(slice_trim(v).n == v.n);
	}
}

static void
check_header(const struct scene *s)
{
	struct field *fields;
	struct head h = s->head;
	struct arena a;
	uint32_t room = h.count;

	arena_init(&a, NULL, 0, s->memory);
	fields = arena_alloc(&a, room * sizeof(*fields));
	if (fields == NULL) {
		arena_fini(&a);
		return;
	}
	memcpy(fields, s->head.fields, room * sizeof(*fields));
	h.fields = fields;
	if (rules_apply(s->img, s->match.route->request_rules, &h, &room,
		&s->vars, &a)) {
		MUST(h.count == 5 && !head_has(&h, FIELD_COOKIE));
		MUST(head_has(&h, FIELD_HOST) && head_has(&h, FIELD_SERVER));
		check_values(&h);
	}
	arena_fini(&a);
}

static void
check_body(const struct scene *s)
{
	const struct img_respond *all = img_at(s->img, s->img->responds.off);
	struct img_span ops = all[s->match.route->respond].body;
	struct arena a;

	arena_init(&a, NULL, 0, s->memory);
	(void)template_eval(s->img, ops, TEMPLATE_BODY, &s->vars, &a);
	(void)template_eval(s->img, ops, TEMPLATE_TEXT, &s->vars, &a);
	arena_fini(&a);
}

static void
check_use(struct scene *s, const char *template, enum template_use use)
{
	s->img = image_make(template, use);
	if (s->img == NULL)
		return;
	s->vars = (struct template_vars){ .img = s->img,
		.head = &s->head,
		.uri = &s->uri,
		.match = &s->match,
		.client = s->vars.client,
		.identity = &s->identity,
		.request_id = SLICE_LIT("id"),
		.endpoint = SLICE_LIT("127.0.0.1:1"),
		.service = use != TEMPLATE_BODY
		    ? img_at(s->img, s->img->services.off)
		    : NULL };
	if (route_find(s->img, s->ctx, &s->head, &s->uri, NULL, &s->match) ==
	    ROUTE_FOUND) {
		switch (use) {
		case TEMPLATE_TARGET:
			check_target(s);
			break;
		case TEMPLATE_HEADER:
			check_header(s);
			break;
		case TEMPLATE_BODY:
		case TEMPLATE_TEXT:
			check_body(s);
			break;
		}
	}
	free(s->img);
}

static void
head_make(struct scene *s, const struct slice lines[LINES])
{
	s->head = (struct head){ .method = METHOD_GET,
		.method_text = SLICE_LIT("GET"),
		.host = lines[1],
		.fields = s->fields };
	head_add(&s->head, FIELD_COOKIE, lines[4]);
	s->fields[1] = (struct field){ SLICE_LIT("x-version"), lines[3], 0 };
	s->fields[2] = (struct field){ SLICE_LIT("x-other"), lines[3], 0 };
	s->fields[3] = s->fields[1];
	s->head.count = 4;
	s->vars.client = lines[5];
}

/* Claims are a JSON object that was checked. */
static void
identity_make(struct scene *s, const struct slice lines[LINES])
{
	struct json_value all;

	s->identity = (struct identity){ .claims = SLICE_NONE };
	s->identity.claim[IMG_CLAIM_USER] = lines[7];
	s->identity.claim[IMG_CLAIM_TENANT] = lines[7];
	s->identity.claim[IMG_CLAIM_ROLES] = lines[7];
	if (json_read_check(lines[6], &all) && all.kind == JSON_VALUE_OBJECT)
		s->identity.claims = all.text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct slice lines[LINES] = { { NULL, 0 } };
	struct scene s;
	char *template, *room;

	if (size == 0 || lines_split(data + 1, size - 1, lines, LINES) < 3)
		return 0;
	s.memory = data[0] != 0 ? data[0] * 16u : ENOUGH;
	s.ctx = contexts_new();
	room = malloc(lines[2].n + 1);
	template = strndup(lines[0].p, lines[0].n);
	MUST(s.ctx != NULL && room != NULL && template != NULL);
	head_make(&s, lines);
	identity_make(&s, lines);
	if (uri_normalise(lines[2], room, &s.uri) == URI_OK) {
		check_use(&s, template, TEMPLATE_TARGET);
		check_use(&s, template, TEMPLATE_HEADER);
		check_use(&s, template, TEMPLATE_BODY);
	}
	free(template);
	free(room);
	contexts_free(s.ctx);
	return 0;
}
