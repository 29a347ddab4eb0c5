/*
 * image_split.c - that the services of a route's split are there.
 */
#include "shm/image_inside.h"

bool
image_split_check(const struct img_head *img, const struct img_route *r)
{
	const struct img_split *s = img_at(img, r->split);
	const struct img_arm *arms;

	if (r->split == 0)
		return true;
	if (!span_inside(img, (struct img_span){ r->split, 1 }, sizeof(*s)) ||
	    !span_inside(img, s->arms, sizeof(*arms)) ||
	    !str_inside(img, s->name) || s->key > IMG_HASH_NONE)
		return false;
	arms = img_at(img, s->arms.off);
	for (uint32_t i = 0; i < s->arms.count; i++)
		if (arms[i].service >= img->services.count)
			return false;
	return s->arms.count != 0 && r->service == arms[0].service;
}
