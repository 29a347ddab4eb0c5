/*
 * image_inside.h - for image_check alone: whether what an image refers to lies
 * inside of it.
 */
#ifndef SHM_IMAGE_INSIDE_H
#define SHM_IMAGE_INSIDE_H

#include "shm/image.h"

static inline bool
str_inside(const struct img_head *img, struct img_str s)
{
	return (uint64_t)s.off + s.len <= img->bytes;
}

static inline bool
span_inside(const struct img_head *img, struct img_span s, size_t entry)
{
	return s.off % 8 == 0 &&
	    s.off + s.count * (uint64_t)entry <= img->bytes;
}

static inline bool
index_check(uint32_t index, struct img_span span)
{
	return index == IMG_NONE || index < span.count;
}

static inline bool
strings_check(const struct img_head *img, struct img_span span)
{
	const struct img_str *strings = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*strings)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, strings[i]))
			return false;
	return true;
}

static inline bool
ops_check(const struct img_head *img, struct img_span span)
{
	const struct img_tmpl_op *ops = img_at(img, span.off);

	if (!span_inside(img, span, sizeof(*ops)))
		return false;
	for (uint32_t i = 0; i < span.count; i++)
		if (!str_inside(img, ops[i].text))
			return false;
	return true;
}

static inline bool
secret_inside(const struct img_head *img, struct img_secret s)
{
	return (uint64_t)s.off + s.len <= img->secret_bytes;
}

/* The parts of it that stand elsewhere. */
bool image_lines_check(const struct img_head *img, struct img_span lines);
bool image_places_check(const struct img_head *img);
bool image_split_check(const struct img_head *img, const struct img_route *r);
bool image_cors_check(const struct img_head *img);
bool image_security_check(const struct img_head *img);
/* Who is let in, of routes, too; who is banned. */
bool image_acl_check(const struct img_head *img);
/* Of img->access, and what services and routes refer to in it. */
bool image_access_check(const struct img_head *img);

/* Of img->protect.limits, and what routes refer to in it. */
bool image_limits_check(const struct img_head *img);

/* Of img->telemetry. */
bool image_telemetry_check(const struct img_head *img);

#endif
