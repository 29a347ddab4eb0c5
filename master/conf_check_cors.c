/*
 * conf_check_cors.c - policies for requests from other origins, and the routes
 * that name one.
 */
#include <string.h>

#include "common/http/http.h"
#include "master/conf_check.h"
#include "master/conf_host.h"
#include "master/conf_suggest.h"
#include "master/conf_table.h"

#define PREFIX "Access-Control-"

static const struct conf_block *const block = &conf_block_cors;

static bool
is_star(const char *s)
{
	return strcmp(s, "*") == 0;
}

/* ---- origins ---- */

/* The characters before "://", or 0. */
static size_t
scheme_length(const char *origin)
{
	size_t n = strspn(origin, "abcdefghijklmnopqrstuvwxyz0123456789+-.");

	return origin[0] >= 'a' && origin[0] <= 'z' &&
		strncmp(origin + n, "://", 3) == 0
	    ? n
	    : 0;
}

/* Browsers leave out the port that goes without saying. */
static bool
is_own_port(const char *origin, uint16_t port)
{
	return (port == 443 && strncmp(origin, "https://", 8) == 0) ||
	    (port == 80 && strncmp(origin, "http://", 7) == 0);
}

static const char *
port_fault(const char *origin, struct slice port)
{
	uint16_t number;

	if (!addr_parse_port(port, &number) || number == 0 || port.p[0] == '0')
		return "has no valid port";
	return is_own_port(origin, number)
	    ? "names the scheme's own port, which browsers leave out"
	    : NULL;
}

static const char *
host_fault(struct slice host)
{
	struct addr a;

	if (host.n != 0 && host.p[0] == '[')
		return addr_parse_ip(host, &a)
		    ? NULL
		    : "has no IPv6 address in its brackets";
	if (slice_starts(host, SLICE_LIT("*.")))
		host = slice_skip(host, 2);
	return conf_host_fault(host);
}

/* Where the host ends and a port begins. */
static const char *
host_end(const char *host)
{
	const char *bracket = host[0] == '[' ? strchr(host, ']') : NULL;

	return strchrnul(bracket != NULL ? bracket : host, ':');
}

const char *
conf_origin_fault(const char *origin)
{
	size_t scheme = scheme_length(origin);
	const char *host = origin + scheme + 3, *end, *fault;

	if (strcmp(origin, "null") == 0)
		return NULL;
	for (const char *p = origin; *p != '\0'; p++)
		if (*p >= 'A' && *p <= 'Z')
			return "is not in lower case";
	if (scheme == 0)
		return "does not begin with a scheme, such as \"https://\"";
	if (strpbrk(host, "/?#") != NULL)
		return "has a path: an origin ends with its host or port";
	if (strchr(host, '@') != NULL)
		return "has a user";
	end = host_end(host);
	fault = host_fault(slice_make(host, (size_t)(end - host)));
	if (fault == NULL && *end == ':')
		fault = port_fault(origin, slice_str(end + 1));
	return fault;
}

static void
check_origins(const struct conf *c, const struct conf_cors *p, struct diag *d)
{
	struct conf_place at = conf_where(c, block, p, "credentials");
	const struct conf_strings *s = &p->allowed;

	if (s->count == 0 && !conf_given(block, p, "origins"))
		diag_error(d, p->place.file, p->place.line,
		    "a cors policy needs origins");
	for (size_t i = 0; i < s->count; i++) {
		const char *fault = is_star(s->items[i])
		    ? NULL
		    : conf_origin_fault(s->items[i]);

		if (is_star(s->items[i]) && s->count > 1)
			fault = "is every origin: it stands alone";
		else if (is_star(s->items[i]) && p->credentials)
			diag_error(d, at.file, at.line,
			    "credentials: every origin (\"*\") would get them; "
			    "name the origins that may");
		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "origins: \"%s\" %s", s->items[i], fault);
	}
	conf_check_twice(s, "origins", d);
}

/* ---- the rest of a policy ---- */

static void
check_methods(const struct conf_strings *s, struct diag *d)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *fault = is_star(s->items[i])
		    ? "is every method: leave methods out for that"
		    : conf_method_fault(slice_str(s->items[i]));

		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "methods: \"%s\" %s", s->items[i], fault);
	}
	conf_check_twice(s, "methods", d);
}

static void
check_fields(const struct conf_strings *s, const char *option, struct diag *d)
{
	for (size_t i = 0; i < s->count; i++) {
		const char *fault = NULL;

		if (is_star(s->items[i]) && s->count > 1)
			fault = "is every field: it stands alone";
		else if (!http_is_token(slice_str(s->items[i])))
			fault = "is not the name of a header field";
		if (fault != NULL)
			diag_error(d, s->places[i].file, s->places[i].line,
			    "%s: \"%s\" %s", option, s->items[i], fault);
	}
	conf_check_twice(s, option, d);
}

static void
check_expose(const struct conf_cors *p, struct diag *d)
{
	const struct conf_strings *s = &p->expose;

	check_fields(s, "expose", d);
	if (p->credentials && s->count == 1 && is_star(s->items[0]))
		diag_error(d, s->places[0].file, s->places[0].line,
		    "expose: with credentials, browsers take \"*\" for the "
		    "name of a field; name the fields");
}

static void
check_policy(struct conf *c, size_t i, struct map *names, struct diag *d)
{
	const struct conf_cors *p = &c->cors[i];
	struct conf_place at = conf_where(c, block, p, "name");
	size_t first;

	if (p->name != NULL && !conf_name_claim(names, p->name, i, &first))
		diag_error(d, at.file, at.line,
		    "there is a cors policy \"%s\" already, at %s:%d", p->name,
		    c->cors[first].place.file, c->cors[first].place.line);
	check_origins(c, p, d);
	check_methods(&p->methods, d);
	check_fields(&p->headers, "headers", d);
	check_expose(p, d);
	at = conf_where(c, block, p, "max_age");
	if (p->max_age_us % 1000000 != 0)
		diag_error(d, at.file, at.line,
		    "max_age: browsers count in whole seconds");
}

/* ---- routes ---- */

static void
dangling_policy(
    const struct conf *c, const struct conf_route *r, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_route, r, "cors");
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, r->cors);
	for (size_t i = 0; i < c->cors_count; i++)
		if (c->cors[i].name != NULL)
			conf_suggest_offer(&near, c->cors[i].name);
	diag_error(d, at.file, at.line,
	    "cors: there is no cors policy \"%s\"%s", r->cors,
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

/* The policy would replace what such a rule sets. */
static void
check_rules(const struct conf *c, const struct conf_route *r, struct diag *d)
{
	for (size_t i = 0; i < r->response_header_count; i++) {
		const struct conf_header_rule *rule = &r->response_headers[i];
		const char *key = rule->set != NULL ? "set" : "add";
		const char *name = rule->set != NULL ? rule->set : rule->add;
		struct conf_place at =
		    conf_where(c, &conf_block_header_rule, rule, key);

		if (name != NULL &&
		    strncasecmp(name, PREFIX, sizeof(PREFIX) - 1) == 0)
			diag_error(d, at.file, at.line,
			    "%s: \"%s\" is set by the route's cors policy", key,
			    name);
	}
}

static void
check_route(struct conf *c, struct conf_route *r, const struct map *names,
    struct diag *d)
{
	const struct map_entry *e;

	if (r->cors == NULL)
		return;
	e = map_get(names, slice_str(r->cors));
	if (e != NULL)
		r->cors_index = (size_t)e->value.num - 1;
	else
		dangling_policy(c, r, d);
	check_rules(c, r, d);
}

void
conf_check_cors(struct conf *c, struct diag *d)
{
	struct map names;

	map_init(&names);
	for (size_t i = 0; i < c->cors_count; i++)
		check_policy(c, i, &names, d);
	for (size_t i = 0; i < c->route_count; i++)
		check_route(c, &c->routes[i], &names, d);
	map_fini(&names);
}
