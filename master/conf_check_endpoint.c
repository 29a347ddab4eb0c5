/*
 * conf_check_endpoint.c - the endpoints of a service.
 */
#include "master/conf_address.h"
#include "master/conf_check.h"
#include "master/conf_table.h"

struct endpoint_check {
	struct conf *c;
	struct diag *d;
	struct conf_service *s;
	struct map seen; /* of this service: where they are, in one spelling */
};

static struct conf_place
place_of(const struct endpoint_check *ec, const struct conf_endpoint *e,
    const char *path)
{
	return conf_where(ec->c, &conf_block_endpoint, e, path);
}

static void
check_twice(struct endpoint_check *ec, size_t i)
{
	const struct conf_endpoint *all = ec->s->endpoints;
	struct conf_place at = place_of(ec, &all[i], "address");
	struct text where = { 0 };
	size_t first;

	conf_address_print(&all[i], &where);
	text_add_char(&where, '\0');
	if (!conf_name_claim(&ec->seen, where.p, i, &first))
		diag_error(ec->d, at.file, at.line,
		    "address: service \"%s\" has %s already, at %s:%d",
		    ec->s->name, where.p, all[first].place.file,
		    all[first].place.line);
	text_fini(&where);
}

static void
check_address(struct endpoint_check *ec, size_t i)
{
	struct conf_endpoint *e = &ec->s->endpoints[i];
	struct conf_place at = place_of(ec, e, "address");
	const char *why = "";

	if (e->address == NULL) {
		if (!conf_given(&conf_block_endpoint, e, "address"))
			diag_error(ec->d, at.file, at.line,
			    "an endpoint needs an address");
		return;
	}
	if (conf_address_parse(ec->c, e, &why))
		check_twice(ec, i);
	else
		diag_error(ec->d, at.file, at.line, "address: \"%s\" %s",
		    e->address, why);
}

static void
check_endpoint(struct endpoint_check *ec, size_t i)
{
	struct conf_endpoint *e = &ec->s->endpoints[i];
	struct conf_place at = place_of(ec, e, "zone");

	check_address(ec, i);
	/* The words of the row stand in the order of enum endpoint_admin. */
	e->admin = conf_word_index(&conf_block_endpoint, "state", e->state);
	if (e->zone != NULL && !conf_is_word(e->zone))
		diag_error(ec->d, at.file, at.line,
		    "zone: \"%s\" has a space or a character outside ASCII",
		    e->zone);
}

void
conf_check_endpoints(struct conf *c, struct conf_service *s, struct diag *d)
{
	struct endpoint_check ec = { .c = c, .d = d, .s = s };
	struct conf_place at;

	if (s->endpoint_count == 0) {
		at = conf_where(c, &conf_block_service, s, "endpoints");
		diag_error(d, at.file, at.line,
		    "service \"%s\" has no endpoints", s->name);
		return;
	}
	map_init(&ec.seen);
	for (size_t i = 0; i < s->endpoint_count; i++)
		check_endpoint(&ec, i);
	map_fini(&ec.seen);
}
