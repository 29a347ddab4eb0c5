/*
 * route_kit.h - for tests of the router: a configuration made by hand, its
 * image, and requests to it.
 */
#ifndef TESTS_UNIT_ROUTE_KIT_H
#define TESTS_UNIT_ROUTE_KIT_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/uri.h"
#include "master/conf_build.h"
#include "worker/flow/contexts.h"
#include "worker/flow/route.h"
#include "worker/flow/template.h"

#define KIT_LIST 4

struct kit_route {
	const char *path;
	const char *hosts[KIT_LIST], *methods[KIT_LIST], *upgrades[KIT_LIST];
	const char *rewrite, *body;
	struct conf_condition conditions[KIT_LIST];
	struct conf_header_rule request[KIT_LIST], response[KIT_LIST];
	bool keep_slash, grpc_web;
};

static inline size_t
kit_count(const char *const *items)
{
	size_t n = 0;

	while (n < KIT_LIST && items[n] != NULL)
		n++;
	return n;
}

static inline struct conf_strings
kit_strings(struct conf *c, const char *const *items)
{
	struct conf_strings s = { .count = kit_count(items) };

	s.items = arena_zalloc(&c->arena, (s.count + 1) * sizeof(*s.items));
	s.places = arena_zalloc(&c->arena, (s.count + 1) * sizeof(*s.places));
	for (size_t i = 0; i < s.count; i++)
		s.items[i] = items[i];
	return s;
}

static inline void
kit_route_conf(struct conf *c, struct kit_route *k, size_t i)
{
	struct conf_route *r = &c->routes[i];
	struct conf_place place = { "test.conf", (int)i + 1 };

	r->place = r->path_place = r->rewrite_place = place;
	r->name = arena_printf(&c->arena, "r%zu", i).p;
	r->path = k->path;
	r->hosts = kit_strings(c, k->hosts);
	r->methods = kit_strings(c, k->methods);
	r->upgrade = kit_strings(c, k->upgrades);
	r->service = k->body == NULL ? "users" : NULL;
	r->service_index = k->body == NULL ? 0 : SIZE_MAX;
	r->rewrite = k->rewrite;
	r->encoded_slash_keep = k->keep_slash;
	r->grpc_web = k->grpc_web;
	r->conditions = k->conditions;
	r->request_headers = k->request;
	r->response_headers = k->response;
	for (size_t n = 0; n < KIT_LIST; n++) {
		const struct conf_condition *m = &k->conditions[n];

		r->condition_count += m->header != NULL || m->query != NULL ||
		    m->cookie != NULL || m->client_subject != NULL ||
		    m->client_san != NULL || m->client_fingerprint != NULL;
		r->request_header_count += k->request[n].set != NULL ||
		    k->request[n].add != NULL || k->request[n].remove != NULL;
		r->response_header_count += k->response[n].set != NULL ||
		    k->response[n].add != NULL || k->response[n].remove != NULL;
		k->request[n].place = k->response[n].place = place;
	}
	if (k->body != NULL)
		r->respond = (struct conf_respond){ .place = place,
			.status = 200,
			.body = k->body,
			.content_type = "text/plain" };
}

/* With one service "users" of one endpoint; conf_free after use. */
static inline void
kit_conf(struct conf *c, struct kit_route *routes, size_t count)
{
	memset(c, 0, sizeof(*c));
	arena_init(&c->arena, NULL, 0, SIZE_MAX);
	c->environment = "test";
	c->limits.connections_per_address = 7;
	c->limits.requests_per_connection = 8;
	c->limits.min_rate = 2048;
	c->service_count = 1;
	c->services = arena_zalloc(&c->arena, sizeof(*c->services));
	c->services[0].name = "users";
	c->services[0].fallback.service_index = IMG_NONE;
	c->services[0].endpoint_count = 1;
	c->services[0].endpoints =
	    arena_zalloc(&c->arena, sizeof(*c->services[0].endpoints));
	c->services[0].endpoints[0].address = "127.0.0.1:9001";
	c->services[0].endpoints[0].weight = 1;
	c->route_count = count;
	c->routes = arena_zalloc(&c->arena, (count + 1) * sizeof(*c->routes));
	for (size_t i = 0; i < count; i++)
		kit_route_conf(c, &routes[i], i);
}

/* The image; the caller frees it. Fails the test when it does not build. */
static inline struct img_head *
kit_image(struct kit_route *routes, size_t count)
{
	struct conf c;
	struct diag d;
	char *image = NULL, text[512] = "";
	uint64_t bytes = 0;

	diag_init(&d);
	kit_conf(&c, routes, count);
	if (!conf_build(&c, &image, &bytes, &d))
		diag_format(&d, 0, text, sizeof(text));
	ck_assert_str_eq(text, "");
	ck_assert(image_check((struct img_head *)(void *)image, bytes));
	diag_fini(&d);
	arena_fini(&c.arena);
	return (struct img_head *)(void *)image;
}

#define KIT_IMAGE(routes) \
	kit_image((routes), sizeof(routes) / sizeof((routes)[0]))

/* A request and what was found for it. */
struct kit_request {
	struct head head;
	struct field fields[16];
	struct uri uri;
	const struct peer *peer; /* NULL: nothing is known of it */
	char room[4096];
	struct route_match match;
	enum route_verdict verdict;
};

static inline void
kit_request_init(struct kit_request *q, const char *method, const char *host,
    const char *target)
{
	memset(q, 0, sizeof(*q));
	q->head.fields = q->fields;
	q->head.method_text = slice_str(method);
	q->head.method = (uint8_t)http_method_find(slice_str(method));
	q->head.host = slice_str(host);
	ck_assert_int_eq(
	    uri_normalise(slice_str(target), q->room, &q->uri), URI_OK);
}

static inline void
kit_request_field(struct kit_request *q, const char *name, const char *value)
{
	struct field *f = &q->fields[q->head.count++];

	f->name = slice_str(name);
	f->value = slice_str(value);
	f->id = (uint16_t)http_field_find(f->name);
	if (f->id != FIELD_OTHER)
		q->head.present |= UINT64_C(1) << f->id;
}

static inline void
kit_request_find(
    struct kit_request *q, const struct img_head *img, struct contexts *ctx)
{
	q->verdict =
	    route_find(img, ctx, &q->head, &q->uri, q->peer, &q->match);
}

/* The index of the route for a plain GET, or -1. */
static inline int
kit_get(const struct img_head *img, const char *host, const char *target)
{
	struct contexts *ctx = contexts_new();
	struct kit_request q;

	kit_request_init(&q, "GET", host, target);
	kit_request_find(&q, img, ctx);
	contexts_free(ctx);
	return q.verdict == ROUTE_FOUND
	    ? (int)img_route_index(img, q.match.route)
	    : -1;
}

static inline void
kit_slice_eq(struct slice s, const char *text)
{
	char buf[1024];

	snprintf(buf, sizeof(buf), "%.*s", SLICE_FMT(s));
	ck_assert_str_eq(buf, text);
}

/* Runs one test case program. */
static inline int
kit_run(Suite *s)
{
	SRunner *runner = srunner_create(s);
	int failed;

	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
