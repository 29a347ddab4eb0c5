/*
 * image_cors.c - the check of what browsers are told, a part of image_check.
 */
#include "shm/image_inside.h"

bool
image_cors_check(const struct img_head *img)
{
	const struct img_cors *c = img_at(img, img->cors.off);
	const struct img_origin_suffix *s;

	if (!span_inside(img, img->cors, sizeof(*c)))
		return false;
	for (uint32_t i = 0; i < img->cors.count; i++) {
		s = img_at(img, c[i].suffixes.off);
		if (!str_inside(img, c[i].name) ||
		    !str_inside(img, c[i].max_age) ||
		    !strings_check(img, c[i].other_methods) ||
		    !strings_check(img, c[i].origins) ||
		    !span_inside(img, c[i].suffixes, sizeof(*s)))
			return false;
		for (uint32_t k = 0; k < c[i].suffixes.count; k++)
			if (!str_inside(img, s[k].scheme) ||
			    !str_inside(img, s[k].rest))
				return false;
		for (unsigned k = 0; k < 2; k++)
			if (!strings_check(img, c[i].headers[k]) ||
			    !str_inside(img, c[i].headers_text[k]) ||
			    !str_inside(img, c[i].expose_text[k]))
				return false;
	}
	return true;
}

bool
image_security_check(const struct img_head *img)
{
	const struct img_security *s = img_at(img, img->security.off);
	const struct img_security_field *f;

	if (!span_inside(img, img->security, sizeof(*s)) ||
	    !index_check(img->security_own, img->security))
		return false;
	for (uint32_t i = 0; i < img->security.count; i++) {
		f = img_at(img, s[i].set.off);
		if (!span_inside(img, s[i].set, sizeof(*f)) ||
		    s[i].set.count > 64 || !strings_check(img, s[i].remove))
			return false;
		for (uint32_t k = 0; k < s[i].set.count; k++)
			if (!str_inside(img, f[k].name) ||
			    !str_inside(img, f[k].value))
				return false;
	}
	return true;
}
