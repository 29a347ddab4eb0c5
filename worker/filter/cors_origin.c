/*
 * cors_origin.c - see cors_origin.h.
 */
#include "worker/filter/cors_origin.h"

static bool
exact_fits(
    const struct img_head *img, struct img_span origins, struct slice origin)
{
	const struct img_str *all = img_at(img, origins.off);
	uint32_t low = 0, high = origins.count;

	while (low < high) {
		uint32_t mid = low + (high - low) / 2;
		int order = image_text_order(origin, img_slice(img, all[mid]));

		if (order == 0)
			return true;
		if (order < 0)
			high = mid;
		else
			low = mid + 1;
	}
	return false;
}

/* One or more labels: nothing that ends a host, or begins another one. */
static bool
is_labels(struct slice s)
{
	char before = '.';

	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_' && (c != '.' || before == '.'))
			return false;
		before = c;
	}
	return before != '.';
}

/* "https://" labels ".example:8443" */
static bool
suffix_fits(const struct img_head *img, const struct img_origin_suffix *s,
    struct slice origin)
{
	struct slice scheme = img_slice(img, s->scheme);
	struct slice rest = img_slice(img, s->rest), labels;

	if (origin.n <= scheme.n + rest.n || !slice_starts(origin, scheme) ||
	    !slice_eq(slice_skip(origin, origin.n - rest.n), rest))
		return false;
	labels = slice_skip(origin, scheme.n);
	labels.n -= rest.n;
	return is_labels(labels);
}

bool
cors_origin_fits(
    const struct img_head *img, const struct img_cors *c, struct slice origin)
{
	const struct img_origin_suffix *s = img_at(img, c->suffixes.off);

	if (c->any || exact_fits(img, c->origins, origin))
		return true;
	for (uint32_t i = 0; i < c->suffixes.count; i++)
		if (suffix_fits(img, &s[i], origin))
			return true;
	return false;
}
