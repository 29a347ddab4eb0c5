/*
 * image_limits.c - the check of an image's part about rate limits.
 */
#include "common/http/http.h"
#include "shm/image_inside.h"
#include "shm/limiter.h"
#include "shm/permit.h"

/* As the configuration has them. */
#define MULTIPLIER_MAX 1000000
#define COUNT_MAX UINT64_C(1000000000)

static bool
parts_check(const struct img_head *img, struct img_span span)
{
	const struct img_limit_part_of *p = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*p)) ||
	    span.count > IMG_LIMIT_PARTS_MAX)
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (p[i].part >= IMG_LIMIT_PARTS || p[i].field >= FIELD_COUNT ||
		    !str_inside(img, p[i].name))
			return false;
	return true;
}

/* No class has more of it than may be, once it is multiplied. */
static bool
number_check(const struct img_limit *l, uint64_t n, uint64_t most)
{
	if (n == 0 || n > most)
		return false;
	for (uint32_t i = 0; i < IMG_CLASS_COUNT; i++)
		if (l->multiplier[i] > MULTIPLIER_MAX ||
		    n * l->multiplier[i] / 1000 > most)
			return false;
	return true;
}

/* Neither is a charge of a class nothing, nor longer than a time may be. */
static bool
bucket_check(const struct img_limit *l)
{
	if (!number_check(l, l->burst, COUNT_MAX) || l->each_ns == 0 ||
	    l->each_ns > LIMITER_TIME_MAX_US * 1000)
		return false;
	for (uint32_t i = 0; i < IMG_CLASS_COUNT; i++)
		if (l->each_ns * 1000 < l->multiplier[i])
			return false;
	return true;
}

static bool
limit_check(const struct img_head *img, const struct img_limit *l)
{
	bool timed = l->kind != IMG_LIMIT_CONCURRENCY;

	return str_inside(img, l->name) && l->kind < IMG_LIMIT_KINDS &&
	    l->table < LIMITER_TABLES &&
	    (l->kind == IMG_LIMIT_QUOTA) == (l->table == LIMITER_QUOTA) &&
	    number_check(l, l->count, timed ? COUNT_MAX : PERMIT_COUNT_MAX) &&
	    (!timed || l->period_us != 0) &&
	    (l->kind != IMG_LIMIT_TOKEN_BUCKET || bucket_check(l)) &&
	    parts_check(img, l->parts);
}

/* Those of a route: each is late, or not, as its list is. */
static bool
indexes_check(const struct img_head *img, struct img_span span, bool late)
{
	const struct img_limit *all = img_at(img, img->protect.limits.off);
	const uint32_t *index = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*index)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (index[i] >= img->protect.limits.count ||
		    (all[index[i]].late != 0) != late)
			return false;
	return true;
}

bool
image_limits_check(const struct img_head *img)
{
	const struct img_limit *all = img_at(img, img->protect.limits.off);
	const struct img_route *routes = img_at(img, img->routes.off);

	if (!span_inside(img, img->protect.limits, sizeof(*all)))
		return false;
	for (uint32_t i = 0; i < img->protect.limits.count; i++)
		if (!limit_check(img, &all[i]))
			return false;
	for (uint32_t i = 0; i < img->routes.count; i++)
		if (!indexes_check(img, routes[i].limits, false) ||
		    !indexes_check(img, routes[i].late_limits, true))
			return false;
	return true;
}
