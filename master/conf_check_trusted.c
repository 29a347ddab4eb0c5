/*
 * conf_check_trusted.c - who is believed about clients.
 */
#include "common/base/must.h"
#include "master/conf_check.h"

/* The nets that could be read; returns how many. */
static size_t
nets_read(const struct conf_strings *s, struct addr_net *nets, struct diag *d)
{
	size_t n = 0;

	for (size_t i = 0; i < s->count; i++) {
		const char *why = "";

		if (addr_net_parse(s->items[i], &nets[n], &why))
			n++;
		else
			diag_error(d, s->places[i].file, s->places[i].line,
			    "trusted_proxies: \"%s\" %s; it must be one such "
			    "as \"10.0.0.1\" or \"10.0.0.0/8\"",
			    s->items[i], why);
	}
	return n;
}

void
conf_check_trusted(struct conf *c, struct diag *d)
{
	const struct conf_strings *s = &c->trusted_proxies;
	struct addr_net *nets;

	if (s->count == 0)
		return;
	nets = arena_alloc(&c->arena, s->count * sizeof(*nets));
	c->trusted = arena_alloc(&c->arena, 2 * s->count * sizeof(*c->trusted));
	MUST(nets != NULL && c->trusted != NULL);
	c->trusted_count =
	    ranges_of_nets(nets, nets_read(s, nets, d), c->trusted);
	conf_check_twice(s, "trusted_proxies", d);
}
