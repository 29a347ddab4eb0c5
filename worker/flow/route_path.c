/*
 * route_path.c - hosts and paths: hash look-ups, and one descent into the tree
 * of segments.
 *
 * The tree is a tree: each node is reached by one way only, so that a descent
 * with all its turning back visits no node twice, whatever the path.
 */
#include <string.h>

#include "common/base/prefetch.h"
#include "worker/flow/route_path.h"

struct search {
	const struct img_head *img;
	struct contexts *ctx;
	struct slice path;
	uint64_t path_hash;
	bool hashed;
	struct route_match *m;
	struct img_term *term;
};

/* Where a literal was taken though ":param" would fit too. */
struct choice {
	uint32_t param;      /* the node to go to instead */
	uint32_t start, end; /* the segment */
	uint32_t count;      /* captures up to it */
};

struct descent {
	struct search *s;
	uint32_t node;  /* or IMG_LEAF_* */
	uint32_t at;    /* path[at] is the "/" before what is left */
	uint32_t route; /* of a leaf */
	uint32_t count; /* captures so far, in m->params */
	uint32_t choices;
	struct choice choice[IMG_SEGMENTS_MAX];
	struct img_term rest; /* the best "*rest" on the way */
	uint32_t rest_literal, rest_count;
	struct slice rest_params[IMG_PARAMS_MAX];
};

static uint64_t
text_hash(const struct img_head *img, struct slice s)
{
	return hash_sum(img->router.key, s.p, s.n);
}

static bool
is_leaf(uint32_t node)
{
	return node == IMG_LEAF_END || node == IMG_LEAF_REST;
}

static void
route_ahead(const struct img_head *img, uint32_t index)
{
	const struct img_route *routes = img_at(img, img->routes.off);

	prefetch(&routes[index], IMG_LINE);
}

/* A slot of the exact paths. */
static void
exact_ahead(const struct img_head *img, const struct img_slot *slot)
{
	if (slot->b == 1)
		route_ahead(img, slot->a);
}

/* A slot of the edges. */
static void
edge_ahead(const struct img_head *img, const struct img_slot *slot)
{
	const struct img_node *nodes = img_at(img, img->router.nodes.off);

	if (!is_leaf(slot->a))
		prefetch(&nodes[slot->a], sizeof(*nodes));
	if (slot->b != IMG_NONE)
		route_ahead(img, slot->b);
}

static bool
exact_find(struct search *s, uint32_t group)
{
	const struct img_slot *slot;

	if (!s->hashed) {
		s->path_hash = text_hash(s->img, s->path);
		s->hashed = true;
	}
	slot = image_find(s->img, s->img->router.paths, s->path_hash, group,
	    s->path, exact_ahead);
	if (slot == NULL)
		return false;
	s->m->count = 0;
	*s->term = (struct img_term){ slot->a, slot->b };
	return true;
}

/* Bytes of the path so far that no parameter has taken. */
static uint32_t
literal_bytes(const struct descent *d)
{
	size_t n = d->at;

	for (uint32_t i = 0; i < d->count; i++)
		n -= d->s->m->params[i].n;
	return (uint32_t)n;
}

/* The first of equals stays: it has its literals further left. */
static void
rest_note(struct descent *d, struct img_term rest)
{
	const struct search *s = d->s;
	uint32_t literal = literal_bytes(d);

	if (d->rest.count != 0 && literal <= d->rest_literal)
		return;
	d->rest = rest;
	d->rest_literal = literal;
	d->rest_count = d->count + 1;
	if (d->count != 0)
		memcpy(d->rest_params, s->m->params,
		    d->count * sizeof(d->rest_params[0]));
	d->rest_params[d->count] = slice_skip(s->path, d->at + 1);
}

static const struct img_slot *
literal_edge(const struct search *s, uint32_t node, struct slice segment)
{
	return image_find(s->img, s->img->router.edges,
	    text_hash(s->img, segment), node, segment, edge_ahead);
}

static void
param_enter(struct descent *d, const struct choice *c)
{
	d->s->m->params[c->count] =
	    slice_make(d->s->path.p + c->start, c->end - c->start);
	d->count = c->count + 1;
	d->node = c->param;
	d->at = c->end;
}

static bool
turn_back(struct descent *d)
{
	if (d->choices == 0)
		return false;
	param_enter(d, &d->choice[--d->choices]);
	return true;
}

/* One segment down, or back to another way; false when there is none left. */
static bool
step(struct descent *d, const struct img_node *n)
{
	const uint32_t start = d->at + 1;
	struct slice left = slice_skip(d->s->path, start);
	const struct img_slot *edge = NULL;
	const char *slash;

	if (n->literals == 0 && n->param == IMG_NONE)
		return turn_back(d);
	slash = memchr(left.p, '/', left.n);
	if (slash != NULL)
		left.n = (size_t)(slash - left.p);
	if (n->literals != 0)
		edge = literal_edge(d->s, d->node, left);
	if (n->param != IMG_NONE && left.n != 0) {
		struct choice c = { n->param, start, start + (uint32_t)left.n,
			d->count };

		if (edge == NULL) {
			param_enter(d, &c);
			return true;
		}
		d->choice[d->choices++] = c;
	}
	if (edge == NULL)
		return turn_back(d);
	d->node = edge->a;
	d->route = edge->b;
	d->at = start + (uint32_t)left.n;
	return true;
}

static bool
end_here(struct descent *d, struct img_term end)
{
	*d->s->term = end;
	d->s->m->count = d->count;
	return true;
}

/* True when the pattern ends there, and the path too. */
static bool
leaf_fits(struct descent *d)
{
	const struct img_term term = { d->route, 1 };
	bool ends = d->at == d->s->path.n;

	if (d->node == IMG_LEAF_END)
		return ends && end_here(d, term);
	if (!ends)
		rest_note(d, term);
	return false;
}

/* True when a pattern without *rest fits; d->rest is set on the way. */
static bool
descend(struct descent *d)
{
	const struct img_head *img = d->s->img;
	const struct img_node *nodes = img_at(img, img->router.nodes.off);
	bool more = true;

	while (more) {
		const struct img_node *n;

		if (is_leaf(d->node)) {
			if (leaf_fits(d))
				return true;
			more = turn_back(d);
			continue;
		}
		n = &nodes[d->node];
		if (d->at < d->s->path.n) {
			if (n->rest.count != 0)
				rest_note(d, n->rest);
			more = step(d, n);
			continue;
		}
		if (n->end.count != 0)
			return end_here(d, n->end);
		more = turn_back(d);
	}
	return false;
}

static bool
regex_find(struct search *s, struct img_span span)
{
	const struct img_regex *all = img_at(s->img, span.off);

	for (uint32_t i = 0; i < span.count; i++) {
		int n = contexts_match(s->ctx, img_slice(s->img, all[i].text),
		    s->path, s->m->params, IMG_PARAMS_MAX);

		if (n < 0)
			continue;
		s->m->count = (uint32_t)n;
		*s->term = all[i].term;
		return true;
	}
	return false;
}

static bool
tree_find(struct search *s, const struct img_group *g)
{
	struct descent d;

	d.s = s;
	d.node = g->root;
	d.at = d.count = d.choices = 0;
	d.rest.count = 0;
	if (g->root != IMG_NONE && descend(&d))
		return true;
	if (g->regexes.count != 0 && regex_find(s, g->regexes))
		return true;
	if (d.rest.count == 0)
		return false;
	*s->term = d.rest;
	s->m->count = d.rest_count;
	memcpy(s->m->params, d.rest_params,
	    d.rest_count * sizeof(d.rest_params[0]));
	return true;
}

static bool
group_find(struct search *s, uint32_t group)
{
	const struct img_group *groups =
	    img_at(s->img, s->img->router.groups.off);
	const struct img_group *g = &groups[group];

	return (g->exact != 0 && exact_find(s, group)) ||
	    ((g->root != IMG_NONE || g->regexes.count != 0) && tree_find(s, g));
}

static const struct img_slot *
host_slot(const struct img_head *img, struct slice name)
{
	return image_find(
	    img, img->router.hosts, text_hash(img, name), 0, name, NULL);
}

/* The groups of "*.suffix", for each suffix of the name's labels. */
static bool
suffixes_find(struct search *s, struct slice name)
{
	const struct img_router *r = &s->img->router;

	while (name.n > r->suffix_min) {
		const char *dot = memchr(name.p, '.', name.n);
		const struct img_slot *slot;

		if (dot == NULL)
			return false;
		name = slice_skip(name, (size_t)(dot - name.p) + 1);
		if (name.n > r->suffix_max || name.n < r->suffix_min)
			continue;
		slot = host_slot(s->img, name);
		if (slot != NULL && slot->b != IMG_NONE &&
		    group_find(s, slot->b))
			return true;
	}
	return false;
}

struct slice
route_host_name(struct slice authority)
{
	struct slice s = authority;
	const char *end;

	if (s.n == 0)
		return s;
	if (s.p[0] == '[') {
		end = memchr(s.p, ']', s.n);
		if (end != NULL)
			s.n = (size_t)(end - s.p) + 1;
		return s;
	}
	end = memchr(s.p, ':', s.n);
	if (end != NULL)
		s.n = (size_t)(end - s.p);
	/* A name's final dot only says that it is complete. */
	if (s.n != 0 && s.p[s.n - 1] == '.')
		s.n--;
	return s;
}

static bool
named_find(struct search *s, struct slice authority)
{
	char lower[IMG_HOST_MAX];
	struct slice name = route_host_name(authority);
	const struct img_slot *slot;

	if (name.n == 0 || name.n > sizeof(lower))
		return false;
	for (size_t i = 0; i < name.n; i++)
		lower[i] = ascii_lower(name.p[i]);
	name.p = lower;
	slot = host_slot(s->img, name);
	if (slot != NULL && slot->a != IMG_NONE && group_find(s, slot->a))
		return true;
	return s->img->router.suffix_max != 0 && suffixes_find(s, name);
}

bool
route_path_find(const struct img_head *img, struct contexts *ctx,
    struct slice host, struct slice path, struct route_match *m,
    struct img_term *term)
{
	struct search s = {
		.img = img, .ctx = ctx, .path = path, .m = m, .term = term
	};

	m->count = 0;
	return (img->router.hosts.count != 0 && named_find(&s, host)) ||
	    group_find(&s, 0);
}
