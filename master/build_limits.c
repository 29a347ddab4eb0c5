/*
 * build_limits.c - rate_limits, compiled: what they are counted by, and where.
 */
#include "master/build_limits.h"

#include <stdlib.h>

#include "common/base/hash.h"
#include "common/base/must.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "shm/limiter.h"

/*
 * Workers and the master find what was spent by it, also after a reload and a
 * restart: of the name, and the algorithm, whose numbers mean nothing to
 * another one.
 */
static uint64_t
limit_id(const struct conf_rate_limit *l)
{
	struct text t = { 0 };
	uint64_t id;

	text_printf(&t, "limit %u %s", l->kind, l->name);
	id = hash_bytes((struct hash_key){ 0, 0 }, t.p, t.n);
	text_fini(&t);
	return id;
}

/* Clients can make up as many of such keys as they like. */
static bool
limit_has(const struct conf_rate_limit *l, uint32_t part)
{
	for (size_t i = 0; i < l->part_count; i++)
		if (l->parts[i].part == part)
			return true;
	return false;
}

static uint32_t
limit_table(const struct conf_rate_limit *l)
{
	if (l->kind == IMG_LIMIT_QUOTA)
		return LIMITER_QUOTA;
	return limit_has(l, IMG_LIMIT_ADDRESS) || limit_has(l, IMG_LIMIT_HEADER)
	    ? LIMITER_ADDRESS
	    : LIMITER_IDENTITY;
}

static uint64_t
limit_period(const struct conf_rate_limit *l)
{
	if (l->kind == IMG_LIMIT_QUOTA && l->rate.per_us > IMG_PERIOD_DAY)
		return IMG_PERIOD_MONTH;
	return l->rate.per_us;
}

static struct img_span
parts_build(struct image *im, const struct conf_rate_limit *l)
{
	struct img_limit_part_of all[IMG_LIMIT_PARTS_MAX] = { 0 };

	for (size_t i = 0; i < l->part_count; i++) {
		struct slice name = slice_str(l->parts[i].name);

		all[i].part = l->parts[i].part;
		if (all[i].part == IMG_LIMIT_HEADER)
			all[i].field = http_field_find(name);
		all[i].name = image_text(im, name);
	}
	return image_span(im, all, l->part_count, sizeof(all[0]));
}

static struct img_limit
limit_build(struct image *im, const struct conf_rate_limit *l)
{
	bool atonce = l->kind == IMG_LIMIT_CONCURRENCY;
	struct img_limit out = { .id = limit_id(l),
		.kind = l->kind,
		.table = limit_table(l),
		.late = l->late,
		.adaptive = l->adaptive,
		.count = atonce ? l->limit : l->rate.count,
		.period_us = atonce ? 0 : limit_period(l),
		.burst = l->burst,
		.row = IMG_NONE };

	/* Rounded up: never more than the rate. */
	if (l->kind == IMG_LIMIT_TOKEN_BUCKET)
		out.each_ns =
		    (out.period_us * 1000 + out.count - 1) / out.count;
	out.name = image_text(im, slice_str(l->name));
	for (unsigned i = 0; i < IMG_CLASS_COUNT; i++)
		out.multiplier[i] = (uint32_t)l->multiplier[i];
	out.parts = parts_build(im, l);
	return out;
}

void
build_limits(struct image *im, const struct conf *c)
{
	struct img_limit *all = calloc(c->rate_limit_count + 1, sizeof(*all));
	struct img_span span;

	MUST(all != NULL);
	for (size_t i = 0; i < c->rate_limit_count; i++)
		all[i] = limit_build(im, &c->rate_limits[i]);
	span = image_span(im, all, c->rate_limit_count, sizeof(*all));
	image_head(im)->protect.limits = span;
	free(all);
}

/* Those of a route that are late, or not, in its order. */
static struct img_span
some_build(struct image *im, const struct conf *c, const struct conf_route *r,
    bool late)
{
	uint32_t *some = calloc(r->limit_count + 1, sizeof(*some));
	struct img_span span;
	size_t n = 0;

	MUST(some != NULL);
	for (size_t i = 0; i < r->limit_count; i++)
		if (c->rate_limits[r->limit_indexes[i]].late == late)
			some[n++] = r->limit_indexes[i];
	span = image_shared(im, some, n, sizeof(*some));
	free(some);
	return span;
}

void
build_route_limits(struct image *im, const struct conf *c,
    const struct conf_route *r, struct img_route *out)
{
	out->limits = some_build(im, c, r, false);
	out->late_limits = some_build(im, c, r, true);
}
