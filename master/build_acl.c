/*
 * build_acl.c - see build_acl.h.
 */
#include "master/build_acl.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/must.h"

static struct img_nets
nets_build(struct image *im, const struct conf_nets *n)
{
	struct img_nets out = { 0 };
	struct ranges_index *index;

	out.ranges = image_span(im, n->ranges, n->count, sizeof(*n->ranges));
	if (n->count < RANGES_INDEXED)
		return out;
	index = malloc(sizeof(*index));
	MUST(index != NULL);
	ranges_index_make(n->ranges, n->count, index);
	out.index = image_span(im, index, 1, sizeof(*index));
	free(index);
	return out;
}

static uint64_t
nets_mark(uint64_t mark, const struct conf *c, uint32_t nets)
{
	const struct hash_key key = { mark, nets == IMG_NONE };
	const struct conf_nets *n = &c->nets[nets];

	if (nets == IMG_NONE)
		return hash_bytes(key, NULL, 0);
	return hash_bytes(key, n->ranges, n->count * sizeof(*n->ranges));
}

/* Of what it says, so that it is the same in another generation; not 0. */
static uint64_t
acl_mark(const struct conf *c, const struct conf_acl_lists *l)
{
	return nets_mark(nets_mark(0, c, l->allow), c, l->deny) | 1;
}

void
build_acls(struct image *im, const struct conf *c)
{
	struct img_nets *nets = calloc(c->nets_count + 1, sizeof(*nets));
	struct img_span acls =
	    image_span(im, NULL, c->acls_count, sizeof(struct img_acl));
	struct img_protect *p;

	MUST(nets != NULL);
	for (size_t i = 0; i < c->nets_count; i++)
		nets[i] = nets_build(im, &c->nets[i]);
	for (uint32_t i = 0; i < acls.count; i++) {
		const struct conf_acl_lists *l = &c->acls[i];
		struct img_acl *out = image_at(im, acls.off);

		out[i].closed = l->allow != IMG_NONE;
		if (l->allow != IMG_NONE)
			out[i].allow = nets[l->allow];
		if (l->deny != IMG_NONE)
			out[i].deny = nets[l->deny];
	}
	free(nets);
	p = &image_head(im)->protect;
	p->acls = acls;
	p->acl = build_acl_index(&c->acl);
	if (p->acl != IMG_NONE)
		p->acl_mark = acl_mark(c, &c->acls[p->acl]);
}

/* The same in every generation, so that what was counted is not forgotten. */
static uint64_t
ban_id(const char *name)
{
	static const struct hash_key fixed = { 0x73656c7572, 0x736e6162 };

	return hash_bytes(fixed, name, strlen(name));
}

void
build_bans(struct image *im, const struct conf *c)
{
	struct img_span span =
	    image_span(im, NULL, c->ban_count, sizeof(struct img_ban_rule));

	for (uint32_t i = 0; i < span.count; i++) {
		const struct conf_ban *b = &c->bans[i];
		struct img_ban_rule rule = {
			.name = image_text(im, slice_str(b->name)),
			.id = ban_id(b->name),
			.count = b->count,
			.window_us = b->window_us,
			.time_us = b->time_us,
			.max_us = b->max_us,
			.factor = (uint32_t)b->factor,
			.by = IMG_NONE,
			.statuses = image_span(im, b->statuses.items,
			    b->statuses.count, sizeof(*b->statuses.items)),
			.whys = { b->whys[0], b->whys[1] },
		};
		struct img_ban_rule *out = image_at(im, span.off);

		out[i] = rule;
	}
	image_head(im)->protect.bans = span;
}
