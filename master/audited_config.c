/*
 * audited_config.c - what a new configuration changes, in short: the names of
 * routes and services that come, go, or say something else than before.
 */
#include <stdlib.h>

#include "common/base/hex.h"
#include "common/base/must.h"
#include "master/audited.h"

#define DIGEST_BYTES 16 /* of 32 */

/* What there is of one kind, by name. */
struct named {
	struct slice name;
	uint64_t digest;
};

struct names {
	struct named *all;
	uint32_t count;
};

static int
named_order(const void *a, const void *b)
{
	const struct named *x = a, *y = b;

	return image_text_order(x->name, y->name);
}

static struct names
names_make(uint32_t count)
{
	struct names n = { calloc(count + 1, sizeof(*n.all)), count };

	MUST(n.all != NULL);
	return n;
}

static struct names
names_of_routes(const struct img_head *img)
{
	const struct img_route *r =
	    img != NULL ? img_at(img, img->routes.off) : NULL;
	const struct img_route_more *more =
	    img != NULL ? img_at(img, img->routes_more.off) : NULL;
	struct names n = names_make(img != NULL ? img->routes.count : 0);

	for (uint32_t i = 0; i < n.count; i++)
		n.all[i] =
		    (struct named){ img_slice(img, r[i].name), more[i].digest };
	qsort(n.all, n.count, sizeof(*n.all), named_order);
	return n;
}

static struct names
names_of_services(const struct img_head *img)
{
	const struct img_service *s =
	    img != NULL ? img_at(img, img->services.off) : NULL;
	struct names n = names_make(img != NULL ? img->services.count : 0);

	for (uint32_t i = 0; i < n.count; i++)
		n.all[i] =
		    (struct named){ img_slice(img, s[i].name), s[i].digest };
	qsort(n.all, n.count, sizeof(*n.all), named_order);
	return n;
}

static void
change_add(struct text *t, const char *kind, char sign, struct slice name)
{
	/* The record clips it anyway. */
	if (t->n < AUDIT_TEXT_MAX)
		text_printf(t, "%s%s %c%.*s", t->n != 0 ? ", " : "", kind, sign,
		    SLICE_FMT(name));
}

static void
names_compare(
    struct text *t, const char *kind, struct names old, struct names now)
{
	uint32_t i = 0, k = 0;

	while (i < old.count || k < now.count) {
		const struct named *a = &old.all[i], *b = &now.all[k];
		int order = i == old.count ? 1
		    : k == now.count       ? -1
					   : named_order(a, b);

		if (order < 0)
			change_add(t, kind, '-', a->name);
		else if (order > 0)
			change_add(t, kind, '+', b->name);
		else if (a->digest != b->digest)
			change_add(t, kind, '~', b->name);
		i += order <= 0;
		k += order >= 0;
	}
	free(old.all);
	free(now.all);
}

void
audited_config(
    struct region *r, const struct img_head *old, const struct img_head *img)
{
	struct audit_note n = { .event = AUDIT_CONFIG };
	bool before = audit_wants(r, AUDIT_CONFIG);
	char digest[2 * DIGEST_BYTES];
	struct text changes = { 0 };

	names_compare(&changes, "service", names_of_services(old),
	    names_of_services(img));
	names_compare(
	    &changes, "route", names_of_routes(old), names_of_routes(img));
	if (changes.n == 0)
		text_add(&changes, SLICE_LIT("neither a service nor a route"));
	hex_write(img->digest, DIGEST_BYTES, digest);
	n.text[AUDIT_OBJECT] = slice_make(digest, sizeof(digest));
	n.text[AUDIT_DETAIL] = text_slice(&changes);
	n.generation = (old != NULL ? old->generation : 0) + 1;
	if (before)
		audit_write(r, &n);
	audit_follow(r, img);
	if (!before)
		audit_write(r, &n);
	text_fini(&changes);
}

void
audited_no_config(const struct region *r, struct slice said)
{
	struct audit_note n = { .event = AUDIT_CONFIG,
		.outcome = said.n != 0 ? AUDIT_FAILED : AUDIT_DONE,
		.text = { [AUDIT_DETAIL] =
			      said.n != 0 ? said : SLICE_LIT("unchanged") } };

	audit_write(r, &n);
}
