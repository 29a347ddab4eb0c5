/*
 * conf_check_route.c - what a single route says, and where it leads. Paths,
 * templates and regular expressions are conf_build's.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_host.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"
#include "master/conf_value.h"

/* Dangling names that get a suggestion: each is compared with all services. */
#define SUGGESTIONS_MAX 100

struct route_check {
	struct conf *c;
	struct diag *d;
	const struct map *services;
	struct access_check *access;
	unsigned suggestions;
};

/* Complains about a route at its option `path`. */
#define COMPLAIN(rc, route, path, ...)                                       \
	do {                                                                 \
		struct conf_place at_ =                                      \
		    conf_where((rc)->c, &conf_block_route, (route), (path)); \
		diag_error((rc)->d, at_.file, at_.line, __VA_ARGS__);        \
	} while (0)

/* "api.example", "*.example", "[::1]": NULL, or why not. */
static const char *
host_fault(const char *host)
{
	struct addr a;

	if (host[0] == '[')
		return addr_parse_ip(slice_str(host), &a)
		    ? NULL
		    : "is not an IPv6 address in brackets";
	if (strcmp(host, "*") == 0)
		return "is every host: leave hosts out for that";
	if (strchr(host, ':') != NULL)
		return "has a port: hosts are compared without it";
	if (strncmp(host, "*.", 2) == 0)
		host += 2;
	return conf_host_fault(slice_str(host));
}

static void
check_hosts(struct route_check *rc, struct conf_route *r)
{
	struct conf_strings *hosts = &r->hosts;

	for (size_t i = 0; i < hosts->count; i++) {
		const struct conf_place *at = &hosts->places[i];
		const char *why;

		hosts->items[i] =
		    conf_host_lower(rc->c, slice_str(hosts->items[i]));
		why = host_fault(hosts->items[i]);
		if (why != NULL)
			diag_error(rc->d, at->file, at->line,
			    "hosts: \"%s\" %s", hosts->items[i], why);
	}
	conf_check_twice(hosts, "hosts", rc->d);
}

const char *
conf_method_fault(struct slice name)
{
	if (!http_is_token(name))
		return "is not a method";
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] >= 'a' && name.p[i] <= 'z')
			return "is not written in capitals";
	return NULL;
}

static void
check_method(
    struct route_check *rc, const char *method, const struct conf_place *at)
{
	const char *fault = conf_method_fault(slice_str(method));

	if (fault != NULL)
		diag_error(rc->d, at->file, at->line, "methods: \"%s\" %s",
		    method, fault);
}

static void
check_methods(struct route_check *rc, const struct conf_route *r)
{
	const struct conf_strings *m = &r->methods;

	for (size_t i = 0; i < m->count; i++)
		check_method(rc, m->items[i], &m->places[i]);
	conf_check_twice(m, "methods", rc->d);
}

/* The index of a service; SIZE_MAX, with a complaint, where there is none. */
static size_t
find_service(struct route_check *rc, const char *name, struct conf_place at)
{
	const struct map_entry *e = map_get(rc->services, slice_str(name));
	struct conf_suggest near;
	char buf[96];

	if (e != NULL)
		return (size_t)e->value.num - 1;
	conf_suggest_init(&near, name);
	if (rc->suggestions++ < SUGGESTIONS_MAX)
		for (size_t i = 0; i < rc->c->service_count; i++)
			conf_suggest_offer(&near, rc->c->services[i].name);
	diag_error(rc->d, at.file, at.line,
	    "service: there is no service \"%s\"%s", name,
	    conf_suggest_text(&near, buf, sizeof(buf)));
	return SIZE_MAX;
}

static void
find_services(struct route_check *rc, struct conf_route *r)
{
	const struct conf *c = rc->c;

	r->service_index = SIZE_MAX;
	for (size_t i = r->split.count; i-- > 0;) {
		struct conf_arm *arm = &r->split.arms[i];

		arm->service_index = SIZE_MAX;
		if (arm->service != NULL)
			arm->service_index = find_service(rc, arm->service,
			    conf_where(c, &conf_block_arm, arm, "service"));
		r->service_index = arm->service_index;
	}
	if (r->service != NULL)
		r->service_index = find_service(rc, r->service,
		    conf_where(c, &conf_block_route, r, "service"));
}

/* A route leads to a service, or several, or answers by itself. */
static void
check_target(struct route_check *rc, struct conf_route *r, bool respond)
{
	bool service = conf_given(&conf_block_route, r, "service");
	bool split = conf_given(&conf_block_route, r, "split");
	const char *own = conf_route_grant(r);
	bool grant = own != NULL;

	if (grant && (service || split || respond))
		COMPLAIN(rc, r, own,
		    "%s: a route that answers with tokens has neither service "
		    "nor respond",
		    own);
	else if ((service || split) && respond)
		COMPLAIN(rc, r, "respond",
		    "a route has a %s or respond, not both",
		    service ? "service" : "split");
	else if (service && split)
		COMPLAIN(rc, r, "split",
		    "a route has a service or a split, not both");
	else if (!service && !split && !respond && !grant)
		COMPLAIN(
		    rc, r, "service", "a route needs a service, or respond");
	find_services(rc, r);
}

/* `what` is why no request of the route goes anywhere. */
static void
check_unused(
    struct route_check *rc, const struct conf_route *r, const char *what)
{
	static const char *const unused[] = { "rewrite", "request_headers",
		"upgrade" };

	for (size_t i = 0; i < sizeof(unused) / sizeof(unused[0]); i++)
		if (conf_given(&conf_block_route, r, unused[i]))
			COMPLAIN(rc, r, unused[i],
			    "%s: a route with %s sends no request on",
			    unused[i], what);
	/* Limits go by it, and what is shed. */
	if (conf_given(&conf_block_route, r, "priority") &&
	    r->rate_limits.count == 0 &&
	    !conf_given(&conf_block_top, rc->c, "overload"))
		COMPLAIN(rc, r, "priority",
		    "priority: a route with %s sends no request on", what);
	if (r->close_revoked)
		COMPLAIN(rc, r, "close_revoked",
		    "close_revoked: a route with %s sends no request on", what);
	if (r->grpc_web)
		COMPLAIN(rc, r, "grpc_web",
		    "grpc_web: a route with %s sends no request on", what);
	if (r->retry_unsafe)
		COMPLAIN(rc, r, "retry_unsafe",
		    "retry_unsafe: a route with %s sends no request on", what);
}

static void
check_respond(struct route_check *rc, const struct conf_route *r)
{
	check_unused(rc, r, "respond");
	if (r->respond.body != NULL && r->respond.body[0] != '\0' &&
	    (r->respond.status == 204 || r->respond.status == 304))
		COMPLAIN(rc, r, "respond.body",
		    "respond.body: an answer with status %llu has no body",
		    (unsigned long long)r->respond.status);
}

/* HTTP/2 would hide requests from the gateway that it has to look at. */
static void
check_upgrade(struct route_check *rc, const struct conf_route *r)
{
	const struct conf_strings *u = &r->upgrade;

	for (size_t i = 0; i < u->count; i++) {
		struct slice name = slice_str(u->items[i]);
		const char *fault = NULL;

		if (!http_is_token(name))
			fault = "is not the name of a protocol";
		else if (slice_eq_nocase(name, SLICE_LIT("h2c")))
			fault = "is never switched to";
		if (fault != NULL)
			diag_error(rc->d, u->places[i].file, u->places[i].line,
			    "upgrade: \"%s\" %s", u->items[i], fault);
	}
	conf_check_twice(u, "upgrade", rc->d);
}

/* gRPC is made of frames of HTTP/2. */
static void
check_grpc_service(
    struct route_check *rc, const struct conf_route *r, size_t index)
{
	const struct conf_service *s = rc->c->services;

	uint32_t next;

	if (index == SIZE_MAX)
		return;
	next = s[index].fallback.service_index;
	if (s[index].protocol_bit != IMG_PROTOCOL_H2)
		COMPLAIN(rc, r, "grpc_web",
		    "grpc_web: it needs protocol = \"h2\" in service \"%s\"",
		    s[index].name);
	else if (next != IMG_NONE && s[next].protocol_bit != IMG_PROTOCOL_H2)
		COMPLAIN(rc, r, "grpc_web",
		    "grpc_web: it needs protocol = \"h2\" in service \"%s\", "
		    "the fallback of \"%s\"",
		    s[next].name, s[index].name);
}

static void
check_grpc_web(struct route_check *rc, const struct conf_route *r)
{
	if (!r->grpc_web)
		return;
	if (r->split.count == 0)
		check_grpc_service(rc, r, r->service_index);
	for (size_t i = 0; i < r->split.count; i++)
		check_grpc_service(rc, r, r->split.arms[i].service_index);
}

static void
check_route(struct route_check *rc, struct conf_route *r)
{
	const struct conf_block *b = &conf_block_route;
	bool respond = conf_given(b, r, "respond");

	r->path_place = conf_where(rc->c, b, r, "path");
	r->rewrite_place = conf_where(rc->c, b, r, "rewrite");
	r->encoded_slash_keep = strcmp(r->encoded_slash, "keep") == 0;
	if (!conf_given(b, r, "path"))
		COMPLAIN(rc, r, "path", "a route needs a path");
	check_target(rc, r, respond);
	conf_check_split(rc->c, r, rc->d);
	check_hosts(rc, r);
	check_methods(rc, r);
	check_upgrade(rc, r);
	check_grpc_web(rc, r);
	conf_check_rules(rc->c, r, rc->d);
	conf_check_route_access(rc->access, r);
	if (conf_route_grant(r) != NULL) {
		check_unused(rc, r, conf_route_grant(r));
		r->upgrade = (struct conf_strings){ 0 };
	}
	if (!respond) {
		r->respond = (struct conf_respond){ 0 };
		return;
	}
	r->upgrade = (struct conf_strings){ 0 };
	r->respond.place = conf_where(rc->c, b, r, "respond");
	check_respond(rc, r);
}

static void
check_route_name(struct route_check *rc, size_t i, struct map *names)
{
	const struct conf_route *r = &rc->c->routes[i], *first_route;
	size_t first;

	if (r->name == NULL || conf_name_claim(names, r->name, i, &first))
		return;
	first_route = &rc->c->routes[first];
	COMPLAIN(rc, r, "name", "there is a route \"%s\" already, at %s:%d",
	    r->name, first_route->place.file, first_route->place.line);
}

void
conf_check_routes(struct conf *c, const struct map *services,
    struct access_check *access, struct diag *d)
{
	struct route_check rc = { c, d, services, access, 0 };
	struct map names;

	map_init(&names);
	for (size_t i = 0; i < c->route_count; i++) {
		check_route_name(&rc, i, &names);
		check_route(&rc, &c->routes[i]);
	}
	map_fini(&names);
	if (c->route_count == 0)
		diag_warn(d, c->main_file, 0,
		    "there is no route: every request is answered 404");
}
