/*
 * conf_build.c - the image of a configuration: its head, and what stands in it
 * once. The rooms behind it: build_image (the block), build_service,
 * build_route, build_template (records), build_tls, build_sni, build_access,
 * build_auth, build_roles, build_authorize (who may do what), build_acl,
 * build_telemetry (logs and traces), build_secret, build_pattern, build_router,
 * build_table, build_terms (the router's tables).
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_access.h"
#include "master/build_acl.h"
#include "master/build_cors.h"
#include "master/build_limits.h"
#include "master/build_lines.h"
#include "master/build_roles.h"
#include "master/build_route.h"
#include "master/build_router.h"
#include "master/build_service.h"
#include "master/build_telemetry.h"
#include "master/build_tls.h"
#include "master/conf_build.h"

struct build {
	const struct conf *c;
	struct diag *d;
	struct image im;
	struct secrets secrets; /* places alone */
	struct grant_bits grants;
	struct router router;
	uint32_t responds, authorizes, securities; /* so far */
};

static void
head_build(struct build *b)
{
	const struct conf *c = b->c;
	const struct conf_limits *l = &c->limits;
	struct img_str environment =
	    image_text(&b->im, slice_str(c->environment));
	struct img_str zone = image_text(&b->im, slice_str(c->zone));
	struct img_head *head = image_head(&b->im);

	head->magic = IMG_MAGIC;
	memcpy(head->digest, c->digest, sizeof(head->digest));
	head->environment = environment;
	head->zone = zone;
	head->timeouts = build_timeouts(&c->timeouts);
	head->limits = (struct img_limits){
		.head_bytes = (uint32_t)l->request_head,
		.uri_bytes = (uint32_t)l->uri,
		.fields = (uint32_t)l->headers,
		.response_head_bytes = (uint32_t)l->response_head,
		.body_bytes =
		    l->request_body != 0 ? l->request_body : UINT64_MAX,
		.connections_per_address = (uint32_t)l->connections_per_address,
		.requests_per_connection = (uint32_t)l->requests_per_connection,
		.min_rate = l->min_rate,
	};
}

static void
http2_build(struct build *b)
{
	const struct conf_http2 *h = &b->c->http2;

	image_head(&b->im)->http2 = (struct img_http2){
		.streams = (uint32_t)h->max_streams,
		.window = (uint32_t)h->window,
		.connection_window = (uint32_t)h->connection_window,
		.resets = (uint32_t)h->max_resets,
		.control = (uint32_t)h->max_control,
	};
}

static void
resolver_build(struct build *b)
{
	const struct conf_resolver *r = &b->c->resolver;
	struct img_span servers =
	    image_span(&b->im, r->addrs, r->servers.count, sizeof(struct addr));

	image_head(&b->im)->resolver = (struct img_resolver){
		.servers = servers,
		.min_ttl_us = r->min_ttl_us,
		.max_ttl_us = r->max_ttl_us,
		.timeout_us = r->timeout_us,
		.attempts = (uint32_t)r->attempts,
	};
}

static void
trusted_build(struct build *b)
{
	struct img_span span = image_span(&b->im, b->c->trusted,
	    b->c->trusted_count, sizeof(struct addr_range));

	image_head(&b->im)->trusted = span;
}

static void
listeners_build(struct build *b)
{
	struct img_span span = image_span(
	    &b->im, NULL, b->c->listener_count, sizeof(struct img_listener));
	struct img_listener *out = image_at(&b->im, span.off);

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_listener *l = &b->c->listeners[i];

		out[i] = (struct img_listener){
			.addr = l->addr,
			.proxy_protocol = l->proxy_protocol,
			.protocols = l->protocol_bits,
			.tls = build_tls_index(b->c, i),
			.redirect_port =
			    l->redirect_https ? (uint32_t)l->redirect_port : 0,
		};
	}
	image_head(&b->im)->listeners = span;
}

static void
overload_build(struct build *b)
{
	const struct conf_overload *o = &b->c->overload;

	image_head(&b->im)->protect.overload = (struct img_overload){
		.lag_us = o->lag_us,
		.connections = (uint32_t)o->connections,
		.memory_bytes = o->memory,
	};
}

static void
protect_build(struct build *b)
{
	overload_build(b);
	build_limits(&b->im, b->c);
	build_acls(&b->im, b->c);
	build_bans(&b->im, b->c);
}

/* Of requests that have no route. */
static void
answers_build(struct build *b)
{
	struct img_head *head;

	build_cors(&b->im, b->c);
	build_security(&b->im, b->c);
	b->securities = build_security_first(b->c);
	head = image_head(&b->im);
	if (head->cors.count != 0)
		head->always |= UINT32_C(1) << IMG_FILTER_CORS;
	if (head->security_own != IMG_NONE)
		head->always |= UINT32_C(1) << IMG_FILTER_SECURITY_HEADERS;
}

/* The hash of a policy of TLS is of the protocol, too. */
static uint64_t
manner_build(struct image *im, const struct img_service *s)
{
	const struct img_tls_out *out =
	    image_at(im, image_head(im)->tls_outs.off);
	uint64_t manner = s->protocol;

	if (s->tls != IMG_NONE)
		memcpy(&manner, out[s->tls].hash, sizeof(manner));
	return manner;
}

static void
services_build(struct build *b)
{
	struct img_span span = image_span(
	    &b->im, NULL, b->c->service_count, sizeof(struct img_service));

	for (uint32_t i = 0; i < span.count; i++) {
		struct img_service s =
		    build_service(&b->im, b->c, &b->c->services[i]);
		struct img_service *out = image_at(&b->im, span.off);

		s.tls = build_tls_out_index(b->c, i);
		s.token = build_service_token_index(b->c, i);
		s.manner = manner_build(&b->im, &s);
		out[i] = s;
	}
	image_head(&b->im)->services = span;
}

static void
route_place(struct build *b, uint32_t index, const struct pattern *p,
    struct img_str path)
{
	const struct conf_strings *hosts = &b->c->routes[index].hosts;

	if (hosts->count == 0)
		router_add(
		    &b->router, router_group(&b->router, NULL), p, path, index);
	for (size_t i = 0; i < hosts->count; i++)
		router_add(&b->router,
		    router_group(&b->router, hosts->items[i]), p, path, index);
}

/* Its index in img_head.responds, or IMG_NONE. */
static uint32_t
respond_build(struct build *b, const struct conf_respond *r, const char *what,
    const struct pattern *p)
{
	struct img_respond out = { 0 };
	struct img_respond *all;

	if (r->status == 0)
		return IMG_NONE;
	(void)build_respond(&b->im, r, what, p, &out, b->d);
	all = image_at(&b->im, image_head(&b->im)->responds.off);
	all[b->responds] = out;
	return b->responds++;
}

/* No path is known to them. */
static void
fallbacks_build(struct build *b)
{
	static const struct pattern none = { .kind = PATTERN_EXACT };

	for (uint32_t i = 0; i < b->c->service_count; i++) {
		const struct conf_service *s = &b->c->services[i];
		uint32_t respond = respond_build(
		    b, &s->fallback.respond, "fallback.respond.body", &none);
		struct img_service *all =
		    image_at(&b->im, image_head(&b->im)->services.off);

		all[i].fallback.respond = respond;
	}
}

static void
authorize_build(struct build *b, const struct conf_route *r,
    const struct pattern *p, struct img_route *record)
{
	struct img_authorize out = { 0 }, *all;

	if (!r->has_authorize)
		return;
	(void)build_authorize(&b->im, &b->grants, r, p, &out, b->d);
	all = image_at(&b->im, image_head(&b->im)->access.authorizes.off);
	record->authorize = b->authorizes++;
	all[record->authorize] = out;
}

static void
route_build(struct build *b, uint32_t index)
{
	const struct conf_route *r = &b->c->routes[index];
	struct img_route *all;
	struct img_route_more *mores, more = { 0 };
	struct pattern p;
	struct img_route record = { .row = IMG_NONE,
		.authorize = IMG_NONE,
		.acl = build_acl_index(&r->acl),
		.cors = r->cors != NULL ? (uint32_t)r->cors_index : IMG_NONE,
		.security = build_security_index(b->c, r, &b->securities),
		.service = r->service != NULL || r->split.count != 0
		    ? (uint32_t)r->service_index
		    : IMG_NONE };

	if (!pattern_parse(&p, r, b->d))
		return;
	record.respond = respond_build(b, &r->respond, "respond.body", &p);
	authorize_build(b, r, &p, &record);
	if (!build_route(&b->im, b->c, r, &p, &record, &more, b->d))
		return;
	route_place(b, index, &p, more.path);
	all = image_at(&b->im, image_head(&b->im)->routes.off);
	all[index] = record;
	mores = image_at(&b->im, image_head(&b->im)->routes_more.off);
	mores[index] = more;
}

static void
routes_build(struct build *b)
{
	const struct conf *c = b->c;
	struct img_span routes =
	    image_lines(&b->im, NULL, c->route_count, sizeof(struct img_route));
	struct img_span more = image_span(
	    &b->im, NULL, c->route_count, sizeof(struct img_route_more));
	struct img_span responds = { 0, 0 }, authorizes = { 0, 0 };

	for (size_t i = 0; i < c->route_count; i++) {
		responds.count += c->routes[i].respond.status != 0;
		authorizes.count += c->routes[i].has_authorize;
	}
	for (size_t i = 0; i < c->service_count; i++)
		responds.count += c->services[i].fallback.respond.status != 0;
	responds = image_span(
	    &b->im, NULL, responds.count, sizeof(struct img_respond));
	authorizes = image_span(
	    &b->im, NULL, authorizes.count, sizeof(struct img_authorize));
	image_head(&b->im)->access.authorizes = authorizes;
	image_head(&b->im)->routes = routes;
	image_head(&b->im)->routes_more = more;
	image_head(&b->im)->responds = responds;
	fallbacks_build(b);
	for (uint32_t i = 0; i < c->route_count; i++)
		route_build(b, i);
}

/* False with complaints. */
static bool
build_run(struct build *b, const struct conf *c, struct diag *d)
{
	size_t errors = d->errors;

	*b = (struct build){ .c = c, .d = d };
	image_init(&b->im);
	grant_bits_init(&b->grants, c);
	router_init(&b->router, &b->im);
	head_build(b);
	http2_build(b);
	build_tls(&b->im, c, &b->secrets);
	build_access(&b->im, c, &b->secrets);
	image_head(&b->im)->admin_token =
	    secrets_add(&b->secrets, c->admin_token.p, c->admin_token.n);
	build_roles(&b->im, &b->grants);
	image_head(&b->im)->secret_bytes = b->secrets.at;
	resolver_build(b);
	trusted_build(b);
	listeners_build(b);
	protect_build(b);
	build_telemetry(&b->im, c);
	services_build(b);
	answers_build(b);
	routes_build(b);
	build_places(&b->im, c);
	if (d->errors == errors)
		router_write(&b->router, c, d);
	if (b->im.failed)
		diag_error(d, NULL, 0,
		    "the configuration is larger than 4 GiB when built");
	image_head(&b->im)->bytes = b->im.bytes;
	return d->errors == errors;
}

static void
build_fini(struct build *b)
{
	router_fini(&b->router);
	grant_bits_fini(&b->grants);
	image_fini(&b->im);
}

bool
conf_build(const struct conf *c, char **image, uint64_t *bytes, struct diag *d)
{
	struct build b;
	bool good = build_run(&b, c, d);

	if (good)
		*image = image_take(&b.im, bytes);
	build_fini(&b);
	return good;
}
