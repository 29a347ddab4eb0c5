/*
 * conf_name.c - names for routes that were given none.
 *
 * A route is called by its path; where several have that, each of them by host
 * and path; where several have that, by method, host and path; and what is
 * alike in all (they differ in `match`) by a number in the order of the file.
 * A long name is cut.
 */
#include <stdio.h>
#include <string.h>

#include "common/base/map.h"
#include "common/base/must.h"
#include "common/base/text.h"
#include "master/conf_check.h"
#include "master/conf_value.h"

#define DETAIL_MAX 2
/* Bytes of a name, which has 255 at most, before its number. */
#define NAME_CUT 240u

struct naming {
	struct conf *c;
	struct map taken; /* names that are given away */
	struct map seen;  /* candidates of this round and how many have them */
	struct text text;
};

static void
add_joined(struct text *t, const struct conf_strings *s)
{
	for (size_t i = 0; i < s->count; i++) {
		if (i != 0)
			text_add_char(t, ',');
		text_add(t, slice_str(s->items[i]));
	}
}

/* Where a long name ends: not within a character of UTF-8. */
static size_t
name_cut(const char *name)
{
	size_t n = NAME_CUT;

	while (n > NAME_CUT - 4 && ((unsigned char)name[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* What a route is called with this much detail. */
static struct slice
candidate(struct naming *n, const struct conf_route *r, unsigned detail)
{
	text_clear(&n->text);
	if (detail >= 2 && r->methods.count != 0) {
		add_joined(&n->text, &r->methods);
		text_add_char(&n->text, ' ');
	}
	if (detail >= 1)
		add_joined(&n->text, &r->hosts);
	text_add(&n->text, slice_str(r->path));
	if (n->text.n > NAME_CUT)
		n->text.n = name_cut(n->text.p);
	return text_slice(&n->text);
}

static void
name_set(struct naming *n, struct conf_route *r, struct slice name)
{
	bool added;

	r->name = conf_strdup(n->c, name);
	(void)map_put(&n->taken, name, &added);
}

/* Names those whose candidate nobody else has. True when some are left. */
static bool
name_round(struct naming *n, unsigned detail)
{
	struct conf_route *r = n->c->routes, *end = r + n->c->route_count;
	bool left = false, added;

	map_init(&n->seen);
	for (r = n->c->routes; r < end; r++)
		if (r->name == NULL)
			map_put(&n->seen, candidate(n, r, detail), &added)
			    ->value.num++;
	for (r = n->c->routes; r < end; r++) {
		struct slice name;

		if (r->name != NULL)
			continue;
		name = candidate(n, r, detail);
		if (map_get(&n->seen, name)->value.num == 1 &&
		    map_get(&n->taken, name) == NULL)
			name_set(n, r, name);
		else
			left = true;
	}
	map_fini(&n->seen);
	return left;
}

/* The rest, numbered: "/a", "/a#2", "/a#3". */
static void
name_numbered(struct naming *n)
{
	bool added;

	map_init(&n->seen);
	for (size_t i = 0; i < n->c->route_count; i++) {
		struct conf_route *r = &n->c->routes[i];
		struct slice name;
		struct map_entry *e;
		size_t bare;

		if (r->name != NULL)
			continue;
		name = candidate(n, r, DETAIL_MAX);
		bare = name.n;
		e = map_put(&n->seen, name, &added);
		if (added)
			e->value.num = 1;
		while (map_get(&n->taken, name) != NULL) {
			n->text.n = bare;
			text_printf(&n->text, "#%llu",
			    (unsigned long long)++e->value.num);
			name = text_slice(&n->text);
		}
		name_set(n, r, name);
	}
	map_fini(&n->seen);
}

void
conf_name_routes(struct conf *c)
{
	struct naming n = { .c = c };
	bool left = c->route_count != 0, added;

	map_init(&n.taken);
	text_init(&n.text);
	for (size_t i = 0; i < c->route_count; i++)
		if (c->routes[i].name != NULL)
			(void)map_put(
			    &n.taken, slice_str(c->routes[i].name), &added);
	for (unsigned detail = 0; left && detail <= DETAIL_MAX; detail++)
		left = name_round(&n, detail);
	if (left)
		name_numbered(&n);
	text_fini(&n.text);
	map_fini(&n.taken);
}
