/*
 * conf_check_roles.c - roles and who inherits from whom: names that lead
 * nowhere, and circles.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "common/base/text.h"
#include "master/conf_check.h"
#include "master/conf_check_access.h"
#include "master/conf_suggest.h"
#include "master/conf_value.h"

#define SUGGESTIONS_MAX 100

/* ---- names of roles ---- */

static void
unknown_role(struct access_check *ac, const struct conf_strings *names,
    size_t i, const char *what)
{
	struct conf_suggest near;
	char buf[96];

	conf_suggest_init(&near, names->items[i]);
	if (ac->suggestions++ < SUGGESTIONS_MAX)
		for (size_t k = 0; k < ac->c->role_count; k++)
			conf_suggest_offer(&near, ac->c->roles[k].name);
	diag_error(ac->d, names->places[i].file, names->places[i].line,
	    "%s: there is no role \"%s\"%s", what, names->items[i],
	    conf_suggest_text(&near, buf, sizeof(buf)));
}

void
conf_check_role_names(
    struct access_check *ac, const struct conf_strings *names, const char *what)
{
	conf_check_twice(names, what, ac->d);
	for (size_t i = 0; i < names->count; i++)
		if (map_get(&ac->roles, slice_str(names->items[i])) == NULL)
			unknown_role(ac, names, i, what);
}

/* ---- circles ---- */

enum mark { UNSEEN, ON_TRAIL, DONE };

struct circles {
	struct access_check *ac;
	unsigned char *marks; /* enum mark */
	size_t *trail;        /* roles on the way here */
	size_t *turns;        /* of each, the next parent to look at */
	size_t depth;
};

static void
complain_circle(struct circles *cc, size_t role)
{
	const struct conf_role *all = cc->ac->c->roles;
	const struct conf_role *last = &all[cc->trail[cc->depth - 1]];
	const struct conf_place *at =
	    &last->inherits.places[cc->turns[cc->depth - 1] - 1];
	struct text circle = { 0 };
	size_t i = cc->depth;

	if (last == &all[role]) {
		diag_error(cc->ac->d, at->file, at->line,
		    "inherits: the role \"%s\" inherits from itself",
		    last->name);
		return;
	}
	while (cc->trail[i - 1] != role)
		i--;
	for (; i <= cc->depth; i++)
		text_printf(&circle, "%s -> ", all[cc->trail[i - 1]].name);
	diag_error(cc->ac->d, at->file, at->line,
	    "inherits: roles inherit in a circle: %.*s%s",
	    SLICE_FMT(text_slice(&circle)), all[role].name);
	text_fini(&circle);
}

static void
step_into(struct circles *cc, size_t role)
{
	cc->marks[role] = ON_TRAIL;
	cc->trail[cc->depth] = role;
	cc->turns[cc->depth] = 0;
	cc->depth++;
}

/* Looks at the next parent of the role at the end of the trail. */
static void
step(struct circles *cc)
{
	size_t here = cc->trail[cc->depth - 1];
	const struct conf_role *r = &cc->ac->c->roles[here];
	size_t next;

	if (cc->turns[cc->depth - 1] == r->inherits.count) {
		cc->marks[here] = DONE;
		cc->depth--;
		return;
	}
	next = r->parents[cc->turns[cc->depth - 1]++];
	if (next == SIZE_MAX)
		return;
	if (cc->marks[next] == ON_TRAIL)
		complain_circle(cc, next);
	else if (cc->marks[next] == UNSEEN)
		step_into(cc, next);
}

static void
check_circles(struct access_check *ac)
{
	size_t n = ac->c->role_count + 1;
	struct circles cc = { .ac = ac };

	cc.marks = calloc(n, sizeof(*cc.marks));
	cc.trail = calloc(n, sizeof(*cc.trail));
	cc.turns = calloc(n, sizeof(*cc.turns));
	MUST(cc.marks != NULL && cc.trail != NULL && cc.turns != NULL);
	for (size_t i = 0; i < ac->c->role_count; i++) {
		if (cc.marks[i] == UNSEEN)
			step_into(&cc, i);
		while (cc.depth != 0)
			step(&cc);
	}
	free(cc.marks);
	free(cc.trail);
	free(cc.turns);
}

/* ---- roles ---- */

static void
check_name(struct access_check *ac, size_t i)
{
	struct conf_role *r = &ac->c->roles[i];
	const struct conf_role *other;
	size_t first;

	if (r->name == NULL) {
		r->name = "";
	} else if (!conf_name_claim(&ac->roles, r->name, i, &first)) {
		other = &ac->c->roles[first];
		ACCESS_COMPLAIN(ac, &conf_block_role, r, "name",
		    "there is a role \"%s\" already, at %s:%d", r->name,
		    other->place.file, other->place.line);
	} else if (strchr(r->name, ',') != NULL) {
		ACCESS_COMPLAIN(ac, &conf_block_role, r, "name",
		    "name: \"%s\" has a comma, which separates roles", r->name);
	}
}

static void
find_parents(struct access_check *ac, struct conf_role *r)
{
	const struct map_entry *e;

	r->parents = arena_alloc(
	    &ac->c->arena, (r->inherits.count + 1) * sizeof(*r->parents));
	MUST(r->parents != NULL);
	for (size_t i = 0; i < r->inherits.count; i++) {
		e = map_get(&ac->roles, slice_str(r->inherits.items[i]));
		r->parents[i] = e != NULL ? (size_t)e->value.num - 1 : SIZE_MAX;
	}
}

void
conf_check_roles(struct access_check *ac)
{
	struct conf *c = ac->c;

	conf_check_listed(ac);
	for (size_t i = 0; i < c->role_count; i++)
		check_name(ac, i);
	for (size_t i = 0; i < c->role_count; i++) {
		conf_check_grants(ac, &c->roles[i].permissions, "permissions");
		conf_check_role_names(ac, &c->roles[i].inherits, "inherits");
		find_parents(ac, &c->roles[i]);
	}
	check_circles(ac);
	if (c->role_count > CONF_ROLES_MAX)
		ACCESS_COMPLAIN(ac, &conf_block_top, c, "roles",
		    "roles: %zu are more than the %d that there is room for",
		    c->role_count, CONF_ROLES_MAX);
}

void
conf_access_end(struct access_check *ac)
{
	struct conf *c = ac->c;
	struct map_entry *e;
	size_t at = 0;

	c->demanded_count = ac->demanded.count;
	c->demanded = arena_alloc(
	    &c->arena, (c->demanded_count + 1) * sizeof(*c->demanded));
	MUST(c->demanded != NULL);
	while ((e = map_next(&ac->demanded, &at)) != NULL)
		c->demanded[e->value.num] = conf_strdup(c, e->key);
	if (c->demanded_count > CONF_PERMISSIONS_MAX)
		ACCESS_COMPLAIN(ac, &conf_block_top, c, "routes",
		    "routes: they demand %zu permissions, more than the %d "
		    "that there is room for",
		    c->demanded_count, CONF_PERMISSIONS_MAX);
	map_fini(&ac->auths);
	map_fini(&ac->roles);
	map_fini(&ac->listed);
	map_fini(&ac->granted);
	map_fini(&ac->patterns);
	map_fini(&ac->demanded);
}
