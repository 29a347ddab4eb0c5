/*
 * conf_check_resolver.c - how the names of endpoints are resolved.
 */
#include <string.h>

#include "common/base/must.h"
#include "common/base/units.h"
#include "master/conf_check.h"
#include "master/conf_table.h"

#define DNS_PORT 53

/* "10.0.0.2", "::1", "10.0.0.2:53", "[::1]:53". */
static bool
server_parse(const char *text, struct addr *a)
{
	const char *why;

	if (addr_parse(text, a, &why))
		return text[0] != '*';
	if (!addr_parse_ip(slice_str(text), a))
		return false;
	a->port = DNS_PORT;
	return true;
}

static void
check_servers(struct conf *c, struct diag *d)
{
	struct conf_resolver *r = &c->resolver;

	if (r->servers.count == 0)
		return;
	r->addrs =
	    arena_zalloc(&c->arena, r->servers.count * sizeof(*r->addrs));
	MUST(r->addrs != NULL);
	for (size_t i = 0; i < r->servers.count; i++) {
		const struct conf_place *at = &r->servers.places[i];

		if (!server_parse(r->servers.items[i], &r->addrs[i]))
			diag_error(d, at->file, at->line,
			    "resolver.servers: \"%s\" is not a numeric "
			    "address, with or without a port",
			    r->servers.items[i]);
	}
	conf_check_twice(&r->servers, "resolver.servers", d);
}

void
conf_check_resolver(struct conf *c, struct diag *d)
{
	const struct conf_resolver *r = &c->resolver;
	bool given = conf_given(&conf_block_top, c, "resolver.max_ttl");
	struct conf_place at = conf_where(c, &conf_block_top, c,
	    given ? "resolver.max_ttl" : "resolver.min_ttl");
	char min[32], max[32];

	check_servers(c, d);
	if (r->min_ttl_us > r->max_ttl_us)
		diag_error(d, at.file, at.line,
		    "resolver: min_ttl (%s) is longer than max_ttl (%s)",
		    units_duration_text(r->min_ttl_us, min, sizeof(min)),
		    units_duration_text(r->max_ttl_us, max, sizeof(max)));
}
