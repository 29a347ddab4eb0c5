/*
 * build_split.c - see build_split.h.
 */
#include "master/build_split.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/http/http.h"
#include "master/build_route.h"

/* Not secret: all generations, and gateways side by side, have to agree. */
static uint64_t
name_hash(const char *service)
{
	static const struct hash_key key = { 0x70656e73746f636b, 0x73706c6974 };

	return hash_bytes(key, service, strlen(service));
}

static struct img_span
arms_build(struct image *im, const struct conf_split *s)
{
	struct img_arm *arms = calloc(s->count, sizeof(*arms));
	struct img_span span;

	MUST(arms != NULL);
	for (size_t i = 0; i < s->count; i++)
		arms[i] = (struct img_arm){
			.service = (uint32_t)s->arms[i].service_index,
			.weight = (uint32_t)s->arms[i].weight,
			.hash = name_hash(s->arms[i].service),
			.timeouts = build_timeouts(&s->arms[i].timeouts),
		};
	span = image_span(im, arms, s->count, sizeof(*arms));
	free(arms);
	return span;
}

void
build_split(struct image *im, const struct conf_route *r, struct img_route *out)
{
	const struct conf_split *s = &r->split;
	struct slice name = slice_str(s->key_name);
	struct img_split split = { .key = (uint16_t)s->key_kind,
		.field = (uint16_t)http_field_find(name),
		.name = image_text(im, name) };

	if (s->count == 0)
		return;
	split.arms = arms_build(im, s);
	out->split = image_span(im, &split, 1, sizeof(split)).off;
	out->timeouts = build_shared_timeouts(im, &s->arms[0].timeouts);
}

bool
build_split_tells(const struct conf *c, const struct conf_route *r)
{
	for (size_t i = 0; i < r->split.count; i++)
		if (c->services[r->split.arms[i].service_index].has_token)
			return true;
	return false;
}
