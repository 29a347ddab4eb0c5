/*
 * conf_check_acl.c - who is let in: the lists of the top level and of routes,
 * each of which is kept once.
 */
#include <stdlib.h>

#include "common/base/must.h"
#include "master/conf_check.h"
#include "master/conf_nets.h"
#include "master/conf_table.h"

/* The two lists together: in conf.acls, + 1. */
static uint32_t
lists_keep(struct conf *c, struct map *known, struct conf_acl_lists lists)
{
	struct map_entry *e;
	bool added;

	if (lists.allow == IMG_NONE && lists.deny == IMG_NONE)
		return 0;
	e = map_put(
	    known, slice_make((const char *)&lists, sizeof(lists)), &added);
	if (added) {
		c->acls =
		    reallocarray(c->acls, c->acls_count + 1, sizeof(*c->acls));
		MUST(c->acls != NULL);
		c->acls[c->acls_count++] = lists;
		e->value.num = c->acls_count;
	}
	return (uint32_t)e->value.num;
}

/* Nobody writes a list to let nobody in. */
static void
check_empty(struct conf_nets_reader *r, const struct conf_block *b,
    const void *owner, struct conf_acl_lists lists, size_t errors)
{
	bool files = conf_given(b, owner, "acl.allow_files");
	const char *option = files ? "acl.allow_files" : "acl.allow";
	struct conf_place at = conf_where(r->c, b, owner, option);

	if (!files && !conf_given(b, owner, "acl.allow"))
		return;
	if (r->d->errors == errors &&
	    (lists.allow == IMG_NONE || r->c->nets[lists.allow].count == 0))
		diag_error(r->d, at.file, at.line,
		    "%s: it has no address, and so lets nobody in", option);
}

static void
check_one(struct conf_nets_reader *r, struct map *known,
    const struct conf_block *b, const void *owner, struct conf_acl *acl)
{
	size_t errors = r->d->errors;
	struct conf_acl_lists lists = {
		.allow = conf_nets_take(r, &acl->allow, "acl.allow",
		    &acl->allow_files, "acl.allow_files"),
		.deny = conf_nets_take(r, &acl->deny, "acl.deny",
		    &acl->deny_files, "acl.deny_files"),
	};

	check_empty(r, b, owner, lists, errors);
	acl->number = lists_keep(r->c, known, lists);
}

void
conf_check_acl(struct conf *c, struct diag *d)
{
	struct conf_nets_reader r;
	struct map known;

	conf_nets_init(&r, c, d);
	map_init(&known);
	check_one(&r, &known, &conf_block_top, c, &c->acl);
	for (size_t i = 0; i < c->route_count; i++)
		check_one(&r, &known, &conf_block_route, &c->routes[i],
		    &c->routes[i].acl);
	map_fini(&known);
	conf_nets_fini(&r);
}
