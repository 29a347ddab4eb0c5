/*
 * conf_check.c - the top level, the listeners, and the order of the checks.
 */
#include "master/conf_check.h"

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "master/conf_check_access.h"
#include "master/conf_table.h"

/* Whom to become matters to a process that can; see privs_resolve. */
static void
check_user(struct conf *c, struct diag *d)
{
	struct conf_place user = conf_where(c, &conf_block_top, c, "user");
	struct conf_place group = conf_where(c, &conf_block_top, c, "group");

	c->user_given = conf_given(&conf_block_top, c, "user");
	if (geteuid() != 0)
		return;
	if (getpwnam(c->user) == NULL)
		diag_error(d, user.file, user.line,
		    "user: there is no user \"%s\"", c->user);
	if (c->group != NULL && getgrnam(c->group) == NULL)
		diag_error(d, group.file, group.line,
		    "group: there is no group \"%s\"", c->group);
}

bool
conf_name_claim(
    struct map *names, const char *name, size_t index, size_t *first)
{
	struct map_entry *e;
	bool added;

	e = map_put(names, slice_str(name), &added);
	if (added)
		e->value.num = index + 1;
	else
		*first = e->value.num - 1;
	return added;
}

void
conf_check_twice(
    const struct conf_strings *s, const char *option, struct diag *d)
{
	struct map seen;
	size_t first;

	if (s->count < 2)
		return;
	map_init(&seen);
	for (size_t i = 0; i < s->count; i++)
		if (!conf_name_claim(&seen, s->items[i], i, &first))
			diag_error(d, s->places[i].file, s->places[i].line,
			    "%s: \"%s\" is there twice", option, s->items[i]);
	map_fini(&seen);
}

bool
conf_is_word(const char *s)
{
	while (*s > ' ' && *s < 0x7f)
		s++;
	return *s == '\0';
}

static void
check_zone(const struct conf *c, struct diag *d)
{
	struct conf_place at = conf_where(c, &conf_block_top, c, "zone");

	if (c->zone != NULL && !conf_is_word(c->zone))
		diag_error(d, at.file, at.line,
		    "zone: \"%s\" has a space or a character outside ASCII",
		    c->zone);
}

static void
check_address(struct conf *c, size_t i, struct map *seen, struct diag *d)
{
	struct conf_listener *l = &c->listeners[i];
	struct conf_place at =
	    conf_where(c, &conf_block_listener, l, "address");
	const char *why = "";
	char text[ADDR_TEXT_MAX];
	size_t first;

	if (l->address == NULL) {
		if (!conf_given(&conf_block_listener, l, "address"))
			diag_error(
			    d, at.file, at.line, "a listener needs an address");
		return;
	}
	if (!addr_parse(l->address, &l->addr, &why)) {
		diag_error(d, at.file, at.line,
		    "address: \"%s\" %s; it must be one such as "
		    "\"0.0.0.0:8080\"",
		    l->address, why);
		return;
	}
	(void)addr_text(&l->addr, text);
	if (!conf_name_claim(seen, text, i, &first))
		diag_error(d, at.file, at.line,
		    "address: there is a listener on %s already, at %s:%d",
		    text, c->listeners[first].place.file,
		    c->listeners[first].place.line);
}

static void
check_listeners(struct conf *c, struct diag *d)
{
	struct map seen;

	map_init(&seen);
	for (size_t i = 0; i < c->listener_count; i++) {
		check_address(c, i, &seen, d);
		conf_check_listener(c, &c->listeners[i], d);
	}
	map_fini(&seen);
	if (c->listener_count == 0)
		diag_error(d, c->main_file, 0, "there is no listener");
}

void
conf_check(struct conf *c, struct diag *d)
{
	struct access_check access;
	struct map services;

	/* The word is of the list that the levels are numbered by. */
	(void)log_level_parse(c->log_level_word, &c->log_level);
	check_user(c, d);
	check_zone(c, d);
	conf_check_resolver(c, d);
	conf_check_overload(c, d);
	conf_check_trusted(c, d);
	conf_check_http2(c, d);
	conf_check_tickets(c, d);
	check_listeners(c, d);
	conf_check_admin(c, d);
	map_init(&services);
	conf_check_services(c, &services, d);
	conf_check_depends(c, &services, d);
	conf_check_fallbacks(c, &services, d);
	conf_access_begin(&access, c, &services, d);
	conf_check_routes(c, &services, &access, d);
	conf_access_end(&access);
	map_fini(&services);
	conf_check_cors(c, d);
	conf_check_limits(c, d);
	conf_check_security(c, d);
	conf_check_acl(c, d);
	conf_check_bans(c, d);
	conf_name_routes(c);
	conf_check_telemetry(c, d);
	conf_inherit_timeouts(c);
	conf_inherit_priority(c);
}
