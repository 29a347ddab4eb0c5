/*
 * build_terms.c - orders the routes of one host and path, and finds those that
 * others stand in front of.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_table.h"
#include "master/build_terms.h"

/* Per term; beyond it the search for hidden routes would be quadratic. */
#define HIDDEN_SEARCH_MAX 256

/* How often a route stands somewhere, and how often behind what hides it. */
struct reach {
	uint32_t places, hidden, by;
};

struct writer {
	struct image *im;
	uint32_t *lists;
	size_t list_count, list_room;
	struct reach *reach; /* NULL: no warnings wanted */
};

void
terms_fini(struct terms *t)
{
	free(t->all);
	free(t->links);
	*t = (struct terms){ 0 };
}

uint32_t
terms_new(struct terms *t)
{
	build_grow(&t->all, &t->room, t->count, sizeof(*t->all));
	t->all[t->count] = (struct term){ IMG_NONE, IMG_NONE, 0, { 0, 0 } };
	return (uint32_t)t->count++;
}

void
terms_add(struct terms *t, uint32_t term, uint32_t route)
{
	struct term *to = &t->all[term];
	uint32_t link = (uint32_t)t->link_count;

	if (to->last != IMG_NONE && t->links[to->last].route == route)
		return;
	build_grow(&t->links, &t->link_room, t->link_count, sizeof(*t->links));
	t->links[t->link_count++] = (struct term_link){ route, IMG_NONE };
	if (to->last == IMG_NONE)
		to->first = link;
	else
		t->links[to->last].next = link;
	to->last = link;
	to->count++;
}

static const struct img_route *
route_at(struct image *im, uint32_t index)
{
	const struct img_route *routes =
	    image_at(im, image_head(im)->routes.off);

	return &routes[index];
}

static struct img_span
other_methods_of(struct image *im, const struct img_route *r)
{
	return img_route_more(image_head(im), r)->other_methods;
}

static bool
text_eq(struct img_str a, struct img_str b)
{
	/* The image holds every text once. */
	return a.off == b.off && a.len == b.len;
}

static bool
value_implied(struct image *im, const struct img_condition *c,
    const struct img_condition *by)
{
	if (!c->is_prefix)
		return !by->is_prefix && text_eq(c->value, by->value);
	return by->value.len >= c->value.len &&
	    slice_eq(image_slice(im, c->value),
		slice_make(image_slice(im, by->value).p, c->value.len));
}

static bool
condition_implied(
    struct image *im, const struct img_condition *c, struct img_span by)
{
	const struct img_condition *other = image_at(im, by.off);

	for (uint32_t i = 0; i < by.count; i++) {
		bool name = c->kind == COND_HEADER
		    ? slice_eq_nocase(image_slice(im, c->name),
			  image_slice(im, other[i].name))
		    : text_eq(c->name, other[i].name);

		if (!name || c->kind != other[i].kind)
			continue;
		if (!c->has_value ||
		    (other[i].has_value && value_implied(im, c, &other[i])))
			return true;
	}
	return false;
}

/* Whoever meets the conditions of `of` meets those of `r`. */
static bool
conditions_implied(
    struct image *im, const struct img_route *r, const struct img_route *of)
{
	const struct img_condition *c = image_at(im, r->conditions.off);

	for (uint32_t i = 0; i < r->conditions.count; i++)
		if (!condition_implied(im, &c[i], of->conditions))
			return false;
	return true;
}

static bool
methods_covered(
    struct image *im, const struct img_route *r, const struct img_route *by)
{
	const struct img_span some = other_methods_of(im, r);
	const struct img_span all = other_methods_of(im, by);
	const struct img_str *mine = image_at(im, some.off);
	const struct img_str *theirs = image_at(im, all.off);

	if (by->methods == 0)
		return true;
	if (r->methods == 0 || (r->methods & ~by->methods) != 0)
		return false;
	for (uint32_t i = 0; i < some.count; i++) {
		uint32_t k = 0;

		while (k < all.count && !text_eq(mine[i], theirs[k]))
			k++;
		if (k == all.count)
			return false;
	}
	return true;
}

static void
hidden_note(struct writer *w, const uint32_t *list, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct img_route *r = route_at(w->im, list[i]);

		w->reach[list[i]].places++;
		for (uint32_t k = 0; k < i && k < HIDDEN_SEARCH_MAX; k++) {
			const struct img_route *by = route_at(w->im, list[k]);

			if (!conditions_implied(w->im, by, r) ||
			    !methods_covered(w->im, r, by))
				continue;
			w->reach[list[i]].hidden++;
			w->reach[list[i]].by = list[k];
			break;
		}
	}
}

/* Routes with conditions (or those without) of a term, in file order. */
static void
list_part(struct writer *w, const struct terms *t, const struct term *term,
    bool conditions)
{
	uint32_t link = term->first;

	for (; link != IMG_NONE; link = t->links[link].next) {
		uint32_t route = t->links[link].route;

		if ((route_at(w->im, route)->conditions.count != 0) !=
		    conditions)
			continue;
		build_grow(
		    &w->lists, &w->list_room, w->list_count, sizeof(*w->lists));
		w->lists[w->list_count++] = route;
	}
}

static void
term_write(struct writer *w, struct terms *t, struct term *term)
{
	size_t first = w->list_count;

	if (term->count == 1) {
		uint32_t route = t->links[term->first].route;

		term->written = (struct img_term){ route, 1 };
		if (w->reach != NULL)
			w->reach[route].places++;
		return;
	}
	list_part(w, t, term, true);
	list_part(w, t, term, false);
	term->written = (struct img_term){ (uint32_t)first, term->count };
	if (w->reach != NULL)
		hidden_note(w, w->lists + first, term->count);
}

static void
hidden_warn(const struct writer *w, const struct conf *c, struct diag *d)
{
	for (size_t i = 0; i < c->route_count; i++) {
		const struct reach *reach = &w->reach[i];
		const struct conf_route *r = &c->routes[i], *by;

		if (reach->places == 0 || reach->hidden < reach->places)
			continue;
		by = &c->routes[reach->by];
		diag_warn(d, r->place.file, r->place.line,
		    "route \"%s\" is never chosen: route \"%s\" (%s:%d) "
		    "takes all its requests",
		    r->name, by->name,
		    by->place.file != NULL ? by->place.file : "-",
		    by->place.line);
	}
}

struct img_span
terms_write(
    struct terms *t, struct image *im, const struct conf *c, struct diag *d)
{
	struct writer w = { .im = im };
	struct img_span span;

	if (d != NULL) {
		w.reach = calloc(c->route_count + 1, sizeof(*w.reach));
		MUST(w.reach != NULL);
	}
	for (size_t i = 0; i < t->count; i++)
		term_write(&w, t, &t->all[i]);
	if (d != NULL)
		hidden_warn(&w, c, d);
	span = image_span(im, w.lists, w.list_count, sizeof(*w.lists));
	free(w.lists);
	free(w.reach);
	return span;
}
