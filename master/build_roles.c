/*
 * build_roles.c - roles by number, and for each the bits of all that it stands
 * for and may do.
 */
#include "master/build_roles.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_access.h"
#include "shm/permission.h"

/* ---- numbers ---- */

static int
role_order(const void *a, const void *b, void *conf)
{
	const struct conf *c = conf;
	const size_t *p = a, *q = b;

	return strcmp(c->roles[*p].name, c->roles[*q].name);
}

static void
number_put(struct map *m, const char *name, size_t number)
{
	bool added;

	map_put(m, slice_str(name), &added)->value.num = number + 1;
}

void
grant_bits_init(struct grant_bits *g, const struct conf *c)
{
	*g = (struct grant_bits){ .c = c };
	map_init(&g->roles);
	map_init(&g->permissions);
	g->order = calloc(c->role_count + 1, sizeof(*g->order));
	MUST(g->order != NULL);
	for (size_t i = 0; i < c->role_count; i++)
		g->order[i] = i;
	qsort_r(g->order, c->role_count, sizeof(*g->order), role_order,
	    (void *)(uintptr_t)c);
	for (size_t i = 0; i < c->role_count; i++)
		number_put(&g->roles, c->roles[g->order[i]].name, i);
	for (size_t i = 0; i < c->demanded_count; i++)
		number_put(&g->permissions, c->demanded[i], i);
	g->role_words = (uint32_t)((c->role_count + 63) / 64);
	g->permission_words = (uint32_t)((c->demanded_count + 63) / 64);
}

void
grant_bits_fini(struct grant_bits *g)
{
	map_fini(&g->roles);
	map_fini(&g->permissions);
	free(g->order);
}

static void
bit_set(uint64_t *set, size_t bit)
{
	set[bit / 64] |= UINT64_C(1) << bit % 64;
}

static bool
bit_has(const uint64_t *set, size_t bit)
{
	return (set[bit / 64] >> bit % 64 & 1) != 0;
}

static size_t
role_number(const struct grant_bits *g, size_t role)
{
	return (size_t)map_get(&g->roles, slice_str(g->c->roles[role].name))
		   ->value.num -
	    1;
}

/* ---- what a role grants ---- */

/* Those that routes demand, of what is granted. */
static void
grant_add(const struct grant_bits *g, const char *granted, uint64_t *set)
{
	const struct map_entry *e;

	if (strchr(granted, '*') == NULL) {
		e = map_get(&g->permissions, slice_str(granted));
		if (e != NULL)
			bit_set(set, (size_t)e->value.num - 1);
		return;
	}
	for (size_t i = 0; i < g->c->demanded_count; i++)
		if (permission_covers(
			slice_str(granted), slice_str(g->c->demanded[i])))
			bit_set(set, i);
}

/* Room for the sets of all roles, in both kinds. */
struct sets {
	const struct grant_bits *g;
	uint64_t *own; /* permissions, without those inherited */
	size_t *trail; /* roles to be looked at */
	uint64_t *closure, *permissions; /* of the role at hand */
};

static void
sets_init(struct sets *s, const struct grant_bits *g)
{
	const struct conf *c = g->c;

	*s = (struct sets){ .g = g };
	s->own =
	    calloc(c->role_count * g->permission_words + 1, sizeof(*s->own));
	s->trail = calloc(c->role_count + 1, sizeof(*s->trail));
	s->closure = calloc(g->role_words + 1, sizeof(*s->closure));
	s->permissions =
	    calloc(g->permission_words + 1, sizeof(*s->permissions));
	MUST(s->own != NULL && s->trail != NULL && s->closure != NULL &&
	    s->permissions != NULL);
	for (size_t i = 0; i < c->role_count; i++)
		for (size_t k = 0; k < c->roles[i].permissions.count; k++)
			grant_add(g, c->roles[i].permissions.items[k],
			    s->own + i * g->permission_words);
}

static void
sets_fini(struct sets *s)
{
	free(s->own);
	free(s->trail);
	free(s->closure);
	free(s->permissions);
}

/* A role that is met for the first time is in the closure, and to be seen. */
static void
role_meet(struct sets *s, size_t role, size_t *depth)
{
	size_t number = role_number(s->g, role);

	if (bit_has(s->closure, number))
		return;
	bit_set(s->closure, number);
	s->trail[(*depth)++] = role;
}

static void
role_sets(struct sets *s, size_t role)
{
	const struct grant_bits *g = s->g;
	size_t depth = 0;

	memset(s->closure, 0, g->role_words * sizeof(*s->closure));
	memset(
	    s->permissions, 0, g->permission_words * sizeof(*s->permissions));
	role_meet(s, role, &depth);
	while (depth != 0) {
		size_t at = s->trail[--depth];
		const struct conf_role *r = &g->c->roles[at];

		for (uint32_t i = 0; i < g->permission_words; i++)
			s->permissions[i] |=
			    s->own[at * g->permission_words + i];
		for (size_t i = 0; i < r->inherits.count; i++)
			role_meet(s, r->parents[i], &depth);
	}
}

/* A set of so many words in the image; 0 where there is no word. */
static uint32_t
set_build(struct image *im, const uint64_t *set, uint32_t words)
{
	return image_span(im, set, words, sizeof(*set)).off;
}

static struct img_span
roles_build(struct image *im, struct sets *s)
{
	const struct grant_bits *g = s->g;
	struct img_span span =
	    image_span(im, NULL, g->c->role_count, sizeof(struct img_role));

	for (uint32_t i = 0; i < span.count; i++) {
		size_t role = g->order[i];
		struct img_role out, *all;

		role_sets(s, role);
		out.name = image_text(im, slice_str(g->c->roles[role].name));
		out.closure = set_build(im, s->closure, g->role_words);
		out.permissions =
		    set_build(im, s->permissions, g->permission_words);
		all = image_at(im, span.off);
		all[i] = out;
	}
	return span;
}

void
build_roles(struct image *im, const struct grant_bits *g)
{
	struct conf_strings demanded = { .items = g->c->demanded,
		.count = g->c->demanded_count };
	struct img_span roles, permissions;
	struct img_access *out;
	struct sets s;

	sets_init(&s, g);
	roles = roles_build(im, &s);
	sets_fini(&s);
	permissions = build_strings(im, &demanded);
	out = &image_head(im)->access;
	out->roles = roles;
	out->permissions = permissions;
	out->role_words = g->role_words;
	out->permission_words = g->permission_words;
}
