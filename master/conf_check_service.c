/*
 * conf_check_service.c - services, each by itself and all together.
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
	return conf_is_word(name) && strpbrk(name, "/\"\\") == NULL;
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
	conf_check_endpoints(c, s, d);
	conf_check_balance(c, s, d);
	conf_check_tls_out(c, s, d);
	conf_check_health(c, s, d);
	conf_check_retry(c, s, d);
	conf_check_breaker(c, s, d);
	conf_check_queue(c, s, d);
}

/* Zones of endpoints alone say nothing of what is near. */
static void
warn_of_zones(const struct conf *c, struct diag *d)
{
	for (size_t i = 0; c->zone == NULL && i < c->service_count; i++) {
		const struct conf_service *s = &c->services[i];

		for (size_t k = 0; k < s->endpoint_count; k++) {
			const struct conf_endpoint *e = &s->endpoints[k];
			struct conf_place at =
			    conf_where(c, &conf_block_endpoint, e, "zone");

			if (e->zone == NULL)
				continue;
			diag_warn(d, at.file, at.line,
			    "zone: it has no effect, since the gateway has no "
			    "zone of its own");
			return;
		}
	}
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
	warn_of_zones(c, d);
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
