/*
 * build_lines.c - see build_lines.h.
 */
#include "master/build_lines.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "master/conf_table.h"

/* The key of a route that turns a filter on, or gives it its rule. */
static const struct {
	const char *key;
	uint32_t filter;
} keys[] = {
	{ "acl", IMG_FILTER_ACL },
	{ "acl.allow", IMG_FILTER_ACL },
	{ "acl.allow_files", IMG_FILTER_ACL },
	{ "acl.deny", IMG_FILTER_ACL },
	{ "acl.deny_files", IMG_FILTER_ACL },
	{ "cors", IMG_FILTER_CORS },
	{ "rate_limits", IMG_FILTER_LIMIT },
	{ "rate_limits", IMG_FILTER_LATE_LIMIT },
	{ "authenticate", IMG_FILTER_AUTHENTICATE },
	{ "authorize", IMG_FILTER_AUTHORIZE },
	{ "split", IMG_FILTER_SPLIT },
	{ "upgrade", IMG_FILTER_UPGRADE },
	{ "grpc_web", IMG_FILTER_GRPC_WEB },
	{ "rewrite", IMG_FILTER_TRANSFORM },
	{ "request_headers", IMG_FILTER_TRANSFORM },
	{ "response_headers", IMG_FILTER_TRANSFORM },
	{ "security_headers", IMG_FILTER_SECURITY_HEADERS },
	{ "issue", IMG_FILTER_GRANT },
	{ "refresh", IMG_FILTER_GRANT },
	{ "jwks", IMG_FILTER_GRANT },
	{ "respond", IMG_FILTER_RESPOND },
	{ "respond.status", IMG_FILTER_RESPOND },
	{ "service", IMG_FILTER_FORWARD },
};
#define KEYS (sizeof(keys) / sizeof(keys[0]))

/* What was never read has no places. */
static bool
is_given(const struct conf_block *b, const void *thing, const char *key)
{
	return conf_origins(b, thing) != NULL && conf_given(b, thing, key);
}

static struct img_line
line_make(struct image *im, uint32_t filter, struct conf_place at)
{
	return (struct img_line){ .filter = filter,
		.line = at.line > 0 ? (uint32_t)at.line : 0,
		.file = image_text(im, slice_str(at.file)) };
}

struct img_span
build_route_lines(
    struct image *im, const struct conf *c, const struct conf_route *r)
{
	struct img_line lines[KEYS + 1];
	uint32_t count = 0, seen = 0;

	lines[count++] = line_make(im, IMG_NONE, r->place);
	for (size_t i = 0; i < KEYS; i++) {
		uint32_t bit = UINT32_C(1) << keys[i].filter;

		if ((seen & bit) != 0 ||
		    !is_given(&conf_block_route, r, keys[i].key))
			continue;
		seen |= bit;
		lines[count++] = line_make(im, keys[i].filter,
		    conf_where(c, &conf_block_route, r, keys[i].key));
	}
	return image_span(im, lines, count, sizeof(lines[0]));
}

/* ---- what routes refer to ---- */

struct places {
	struct image *im;
	struct img_place *at;
	size_t count;
};

static void
place_add(
    struct places *p, enum img_place_of of, size_t index, struct conf_place at)
{
	if (at.file == NULL)
		return;
	p->at[p->count++] = (struct img_place){ .of = of,
		.index = (uint32_t)index,
		.line = (uint32_t)at.line,
		.file = image_text(p->im, slice_str(at.file)) };
}

void
build_places(struct image *im, const struct conf *c)
{
	size_t room = c->service_count + c->auth_count + c->cors_count +
	    c->rate_limit_count + c->ban_count + c->listener_count + 2;
	struct places p = { .im = im,
		.at = calloc(room, sizeof(struct img_place)) };
	struct img_span span;

	MUST(p.at != NULL);
	for (size_t i = 0; i < c->listener_count; i++)
		place_add(&p, IMG_PLACE_LISTENER, i, c->listeners[i].place);
	for (size_t i = 0; i < c->service_count; i++)
		place_add(&p, IMG_PLACE_SERVICE, i, c->services[i].place);
	for (size_t i = 0; i < c->auth_count; i++)
		place_add(&p, IMG_PLACE_AUTH, i, c->auths[i].place);
	for (size_t i = 0; i < c->cors_count; i++)
		place_add(&p, IMG_PLACE_CORS, i, c->cors[i].place);
	for (size_t i = 0; i < c->rate_limit_count; i++)
		place_add(&p, IMG_PLACE_LIMIT, i, c->rate_limits[i].place);
	for (size_t i = 0; i < c->ban_count; i++)
		place_add(&p, IMG_PLACE_BAN, i, c->bans[i].place);
	if (is_given(&conf_block_top, c, "tracing"))
		place_add(&p, IMG_PLACE_TRACING, 0,
		    conf_where(c, &conf_block_top, c, "tracing"));
	if (c->acl.number != 0)
		place_add(&p, IMG_PLACE_ACL, 0,
		    conf_where(c, &conf_block_top, c, "acl"));
	span = image_span(im, p.at, p.count, sizeof(p.at[0]));
	image_head(im)->places = span;
	free(p.at);
}
