/*
 * told.c - see told.h.
 */
#include "worker/flow/told.h"

/* Letters in lower case and digits are themselves, all others are one. */
static char
told_fold(char c)
{
	c = ascii_lower(c);
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? c : '-';
}

bool
told_same(struct slice a, struct slice b)
{
	if (a.n != b.n)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if (told_fold(a.p[i]) != told_fold(b.p[i]))
			return false;
	return true;
}

bool
told_find(const struct img_head *img, struct slice name)
{
	const struct img_identity_header *all =
	    img_at(img, img->access.told.off);

	for (uint32_t i = 0; i < img->access.told.count; i++) {
		struct slice one = img_slice(img, all[i].name);

		if (one.n != 0 && told_same(one, name))
			return true;
	}
	return false;
}

/* Nor is a debug token anybody's behind the gateway. */
static bool
told_strips(const struct img_head *img, const struct field *f)
{
	return f->id == FIELD_PENSTOCK_DEBUG || told_has(img, f->name);
}

const struct head *
told_strip_trailers(const struct img_head *img, const struct head *h,
    struct head *kept, struct arena *a)
{
	uint32_t bad = 0;

	for (uint32_t i = 0; img != NULL && i < h->count; i++)
		bad += told_strips(img, &h->fields[i]);
	if (bad == 0)
		return h;
	*kept = *h;
	kept->count = 0;
	kept->fields = arena_alloc(a, h->count * sizeof(*h->fields));
	if (kept->fields == NULL)
		return NULL;
	for (uint32_t i = 0; i < h->count; i++)
		if (!told_strips(img, &h->fields[i]))
			kept->fields[kept->count++] = h->fields[i];
	return kept;
}
