/*
 * hidden.h - names whose values are never shown (mask.headers, mask.query), in
 * any of the spellings that servers take for the same.
 */
#ifndef SHM_HIDDEN_H
#define SHM_HIDDEN_H

#include "shm/image.h"

#define HIDDEN_VALUE SLICE_LIT("***")

static inline char
hidden_fold(char c)
{
	return c == '_' ? '-' : ascii_lower(c);
}

/* Equal whatever the case, and with "_" for "-" (CGI knows no "-"). */
static inline bool
hidden_same(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (hidden_fold(a.p[i]) != hidden_fold(b.p[i]))
			return false;
	return true;
}

/* The image says so of fields of this name. */
static inline bool
hidden_header(const struct img_head *img, struct slice name)
{
	const struct img_span span = img->telemetry.mask_headers;
	const struct img_str *all = img_at(img, span.off);

	for (uint32_t i = 0; i < span.count; i++) {
		struct slice hidden = img_slice(img, all[i]);

		if (hidden_same(hidden, name) ||
		    slice_eq(hidden, SLICE_LIT("*")))
			return true;
	}
	return false;
}

#endif
