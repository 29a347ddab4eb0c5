/*
 * image_lines.c - where in the configuration things of an image are said.
 */
#include "shm/image_inside.h"

const struct img_place *
image_place(const struct img_head *img, enum img_place_of of, uint32_t index)
{
	const struct img_place *p = img_at(img, img->places.off);

	for (uint32_t i = 0; i < img->places.count; i++)
		if (p[i].of == of && p[i].index == index)
			return &p[i];
	return NULL;
}

bool
image_lines_check(const struct img_head *img, struct img_span lines)
{
	const struct img_line *l = img_at(img, lines.off);

	if (!span_inside(img, lines, sizeof(*l)))
		return false;
	for (uint32_t i = 0; i < lines.count; i++)
		if (!str_inside(img, l[i].file) ||
		    (l[i].filter != IMG_NONE &&
			l[i].filter >= IMG_FILTER_COUNT))
			return false;
	return true;
}

bool
image_places_check(const struct img_head *img)
{
	const struct img_place *p = img_at(img, img->places.off);

	if (!span_inside(img, img->places, sizeof(*p)))
		return false;
	for (uint32_t i = 0; i < img->places.count; i++)
		if (!str_inside(img, p[i].file))
			return false;
	return true;
}
