/*
 * build_router.c - the router's tables: filled route by route, then written.
 */
#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"
#include "master/build_router.h"

static uint32_t
group_new(struct router *r)
{
	build_grow(
	    &r->groups, &r->group_room, r->group_count, sizeof(*r->groups));
	r->groups[r->group_count] = (struct img_group){ .root = IMG_NONE };
	return (uint32_t)r->group_count++;
}

static uint32_t
node_new(struct router *r)
{
	build_grow(&r->nodes, &r->node_room, r->node_count, sizeof(*r->nodes));
	r->nodes[r->node_count] = (struct img_node){ .param = IMG_NONE };
	return (uint32_t)r->node_count++;
}

void
router_init(struct router *r, struct image *im)
{
	*r = (struct router){ .im = im, .key = hash_key_random() };
	(void)group_new(r);
}

void
router_fini(struct router *r)
{
	table_fini(&r->hosts);
	table_fini(&r->paths);
	table_fini(&r->edges);
	table_fini(&r->regex_keys);
	terms_fini(&r->terms);
	free(r->nodes);
	free(r->groups);
	free(r->regexes);
	*r = (struct router){ 0 };
}

static void
suffix_note(struct router *r, size_t n)
{
	if (r->suffix_min == 0 || n < r->suffix_min)
		r->suffix_min = (uint32_t)n;
	if (n > r->suffix_max)
		r->suffix_max = (uint32_t)n;
}

uint32_t
router_group(struct router *r, const char *host)
{
	struct slice name = slice_str(host);
	bool suffix = slice_starts(name, SLICE_LIT("*."));
	struct img_slot *slot;
	uint32_t *group;

	if (host == NULL)
		return 0;
	if (suffix) {
		name = slice_skip(name, 2);
		suffix_note(r, name.n);
	}
	slot = table_put(&r->hosts, r->im, r->key, 0, image_text(r->im, name));
	group = suffix ? &slot->b : &slot->a;
	if (*group == IMG_NONE)
		*group = group_new(r);
	return *group;
}

static void
exact_add(struct router *r, uint32_t group, struct img_str path, uint32_t index)
{
	struct img_slot *slot =
	    table_put(&r->paths, r->im, r->key, group, path);

	if (slot->a == IMG_NONE) {
		slot->a = terms_new(&r->terms);
		r->groups[group].exact++;
	}
	terms_add(&r->terms, slot->a, index);
}

static void
regex_add(struct router *r, uint32_t group, struct img_str path, uint32_t index)
{
	struct img_str text = { path.off + 1, path.len - 1 };
	struct img_slot *slot =
	    table_put(&r->regex_keys, r->im, r->key, group, text);

	if (slot->a == IMG_NONE) {
		slot->a = terms_new(&r->terms);
		build_grow(&r->regexes, &r->regex_room, r->regex_count,
		    sizeof(*r->regexes));
		r->regexes[r->regex_count++] =
		    (struct router_regex){ group, slot->a, text };
		r->groups[group].regexes.count++;
	}
	terms_add(&r->terms, slot->a, index);
}

static uint32_t
child_literal(struct router *r, uint32_t node, struct img_str text)
{
	struct img_slot *slot = table_put(&r->edges, r->im, r->key, node, text);

	if (slot->a == IMG_NONE) {
		slot->a = node_new(r);
		r->nodes[node].literals++;
	}
	return slot->a;
}

static uint32_t
child_param(struct router *r, uint32_t node)
{
	uint32_t child = r->nodes[node].param;

	if (child == IMG_NONE) {
		child = node_new(r);
		r->nodes[node].param = child;
	}
	return child;
}

static void
segments_add(struct router *r, uint32_t group, const struct pattern *p,
    struct img_str path, uint32_t index)
{
	struct img_term *end;
	uint32_t node;

	if (r->groups[group].root == IMG_NONE)
		r->groups[group].root = node_new(r);
	node = r->groups[group].root;
	for (uint32_t i = 0; i < p->segment_count; i++) {
		const struct segment *s = &p->segments[i];
		struct img_str text = { path.off, (uint32_t)s->text.n };

		if (s->kind == SEGMENT_REST)
			break;
		text.off += (uint32_t)(s->text.p - p->text.p);
		node = s->kind == SEGMENT_PARAM ? child_param(r, node)
						: child_literal(r, node, text);
	}
	end = &r->nodes[node].end;
	if (pattern_has_rest(p))
		end = &r->nodes[node].rest;
	if (end->count == 0)
		*end = (struct img_term){ terms_new(&r->terms), 1 };
	terms_add(&r->terms, end->first, index);
}

void
router_add(struct router *r, uint32_t group, const struct pattern *p,
    struct img_str path, uint32_t index)
{
	switch (p->kind) {
	case PATTERN_EXACT:
		exact_add(r, group, path, index);
		break;
	case PATTERN_SEGMENTS:
		segments_add(r, group, p, path, index);
		break;
	case PATTERN_REGEX:
		regex_add(r, group, path, index);
		break;
	}
}

/* Each group's expressions together, in file order. */
static struct img_span
regexes_write(struct router *r)
{
	struct img_span span =
	    image_span(r->im, NULL, r->regex_count, sizeof(struct img_regex));
	struct img_regex *out = image_at(r->im, span.off);
	uint32_t at = 0;

	for (size_t i = 0; i < r->group_count; i++) {
		struct img_span *g = &r->groups[i].regexes;

		/* The count is taken again while the entries are placed. */
		g->off = span.off + at * (uint32_t)sizeof(*out);
		at += g->count;
		g->count = 0;
	}
	for (size_t i = 0; i < r->regex_count; i++) {
		const struct router_regex *x = &r->regexes[i];
		struct img_span *g = &r->groups[x->group].regexes;
		struct img_regex *to = image_at(r->im, g->off);

		to[g->count++] = (struct img_regex){ x->text,
			r->terms.all[x->term].written };
	}
	return span;
}

/* The one route whose pattern ends there; IMG_NONE: none, or several. */
static uint32_t
route_at(const struct img_node *n)
{
	struct img_term t = n->end.count != 0 ? n->end : n->rest;

	return t.count == 1 ? t.first : IMG_NONE;
}

static void
terms_place(struct router *r)
{
	const struct term *terms = r->terms.all;

	for (size_t i = 0; i < r->paths.count; i++) {
		struct img_slot *s = &r->paths.entries[i].slot;
		struct img_term t = terms[s->a].written;

		s->a = t.first;
		s->b = t.count;
	}
	for (size_t i = 0; i < r->node_count; i++) {
		struct img_node *n = &r->nodes[i];

		if (n->end.count != 0)
			n->end = terms[n->end.first].written;
		if (n->rest.count != 0)
			n->rest = terms[n->rest.first].written;
	}
	for (size_t i = 0; i < r->edges.count; i++) {
		struct img_slot *s = &r->edges.entries[i].slot;

		s->b = route_at(&r->nodes[s->a]);
	}
}

/* What an edge to the node says in its place, or IMG_NONE. */
static uint32_t
leaf_of(const struct img_node *n)
{
	if (n->literals != 0 || n->param != IMG_NONE ||
	    n->end.count + n->rest.count != 1)
		return IMG_NONE;
	return n->end.count != 0 ? IMG_LEAF_END : IMG_LEAF_REST;
}

/*
 * Where each node goes, by its index: those that are leaves of edges into
 * these, the others together, in the order that they had. The caller frees it.
 */
static uint32_t *
nodes_pack(struct router *r)
{
	uint32_t *to = malloc((r->node_count + 1) * sizeof(*to)), kept = 0;

	MUST(to != NULL);
	memset(to, 0xff, r->node_count * sizeof(*to));
	for (size_t i = 0; i < r->edges.count; i++) {
		uint32_t child = r->edges.entries[i].slot.a;

		to[child] = leaf_of(&r->nodes[child]);
	}
	for (size_t i = 0; i < r->node_count; i++) {
		if (to[i] != IMG_NONE)
			continue;
		to[i] = kept;
		r->nodes[kept++] = r->nodes[i];
	}
	r->node_count = kept;
	return to;
}

static void
leaves_drop(struct router *r)
{
	uint32_t *to = nodes_pack(r);

	for (size_t i = 0; i < r->node_count; i++)
		if (r->nodes[i].param != IMG_NONE)
			r->nodes[i].param = to[r->nodes[i].param];
	for (size_t i = 0; i < r->group_count; i++)
		if (r->groups[i].root != IMG_NONE)
			r->groups[i].root = to[r->groups[i].root];
	for (size_t i = 0; i < r->edges.count; i++) {
		struct img_slot *s = &r->edges.entries[i].slot;

		s->a = to[s->a];
		table_move(&r->edges, r->im, r->key, i, to[s->owner]);
	}
	free(to);
}

void
router_write(struct router *r, const struct conf *c, struct diag *d)
{
	struct img_router out = { .key = r->key,
		.suffix_min = r->suffix_min,
		.suffix_max = r->suffix_max };

	out.lists = terms_write(&r->terms, r->im, c, d);
	terms_place(r);
	leaves_drop(r);
	out.hosts = table_write(&r->hosts, r->im);
	out.paths = table_write(&r->paths, r->im);
	out.edges = table_write(&r->edges, r->im);
	out.nodes =
	    image_span(r->im, r->nodes, r->node_count, sizeof(*r->nodes));
	out.regexes = regexes_write(r);
	out.groups =
	    image_span(r->im, r->groups, r->group_count, sizeof(*r->groups));
	image_head(r->im)->router = out;
}
