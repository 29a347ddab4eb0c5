/*
 * conf_check_service.c - services and their endpoints.
 */
#include <string.h>

#include "common/http/authority.h"
#include "master/conf_check.h"
#include "master/conf_table.h"
#include "shm/layout.h"

/* Names stand in paths of the admin API and in metrics. */
static bool
name_ok(const char *name)
{
	for (; *name != '\0'; name++)
		if (*name <= ' ' || *name >= 0x7f || strchr("/\"\\", *name))
			return false;
	return true;
}

static bool
is_unspecified(const struct addr *a)
{
	static const struct addr v4 = { .ip = { [10] = 0xff, [11] = 0xff } };
	static const struct addr v6 = { .is_v6 = 1 };

	return memcmp(a->ip, a->is_v6 != 0 ? v6.ip : v4.ip, sizeof(a->ip)) == 0;
}

static void
check_endpoint(struct conf *c, struct conf_service *s, size_t i,
    struct map *seen, struct diag *d)
{
	struct conf_endpoint *e = &s->endpoints[i];
	struct conf_place at =
	    conf_where(c, &conf_block_endpoint, e, "address");
	const char *why = "";
	char text[ADDR_TEXT_MAX];
	size_t first;

	if (e->address == NULL) {
		if (!conf_given(&conf_block_endpoint, e, "address"))
			diag_error(d, at.file, at.line,
			    "an endpoint needs an address");
		return;
	}
	if (!addr_parse(e->address, &e->addr, &why)) {
		diag_error(d, at.file, at.line,
		    "address: \"%s\" %s; it must be one such as "
		    "\"127.0.0.1:9001\"",
		    e->address, why);
		return;
	}
	if (is_unspecified(&e->addr))
		diag_error(d, at.file, at.line,
		    "address: \"%s\" is no address to connect to", e->address);
	(void)addr_text(&e->addr, text);
	if (!conf_name_claim(seen, text, i, &first))
		diag_error(d, at.file, at.line,
		    "address: service \"%s\" has %s already, at %s:%d", s->name,
		    text, s->endpoints[first].place.file,
		    s->endpoints[first].place.line);
}

static void
check_endpoints(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct conf_place at;
	struct map seen;

	if (s->endpoint_count == 0) {
		at = conf_where(c, &conf_block_service, s, "endpoints");
		diag_error(d, at.file, at.line,
		    "service \"%s\" has no endpoints", s->name);
		return;
	}
	map_init(&seen);
	for (size_t i = 0; i < s->endpoint_count; i++)
		check_endpoint(c, s, i, &seen, d);
	map_fini(&seen);
}

static void
check_host(const struct conf *c, const struct conf_service *s, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_service, s, "host");
	struct authority authority;

	if (!authority_parse(slice_str(s->host), &authority))
		diag_error(d, at.file, at.line,
		    "host: \"%s\" is not a host, with or without a port",
		    s->host);
}

static void
check_service(struct conf *c, size_t i, struct map *names, struct diag *d)
{
	struct conf_service *s = &c->services[i];
	struct conf_place at = conf_where(c, &conf_block_service, s, "name");
	size_t first;

	if (s->name == NULL) {
		s->name = "";
	} else if (!conf_name_claim(names, s->name, i, &first)) {
		diag_error(d, at.file, at.line,
		    "there is a service \"%s\" already, at %s:%d", s->name,
		    c->services[first].place.file,
		    c->services[first].place.line);
	} else if (!name_ok(s->name)) {
		diag_error(d, at.file, at.line,
		    "name: \"%s\" has a space, a slash, a quote or a character "
		    "outside ASCII",
		    s->name);
	}
	if (s->host != NULL)
		check_host(c, s, d);
	check_endpoints(c, s, d);
	conf_check_balance(c, s, d);
}

void
conf_check_services(struct conf *c, struct map *names, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_top, c, "services");
	size_t endpoints = 0;

	for (size_t i = 0; i < c->service_count; i++) {
		check_service(c, i, names, d);
		endpoints += c->services[i].endpoint_count;
	}
	if (c->service_count > SERVICES_MAX)
		diag_error(d, at.file, at.line,
		    "services: %zu are more than the %d that there is room for",
		    c->service_count, SERVICES_MAX);
	if (endpoints > ENDPOINTS_MAX)
		diag_error(d, at.file, at.line,
		    "services: %zu endpoints are more than the %d that there "
		    "is room for",
		    endpoints, ENDPOINTS_MAX);
}
