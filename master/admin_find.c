/*
 * admin_find.c - see admin_find.h.
 */
#include "master/admin_find.h"

#include "master/reload.h"

#define NAMES_SHOWN 8 /* when there is no such name */

/* Appends name number i of what there is, or how many more there are. */
static void
names_add(struct text *said, struct slice name, uint32_t i, uint32_t count)
{
	if (i < NAMES_SHOWN)
		text_printf(
		    said, "%s%.*s", i != 0 ? ", " : "", SLICE_FMT(name));
	else if (i == NAMES_SHOWN)
		text_printf(said, " and %u more", count - i);
}

static void
no_service(const struct lookup *l, struct slice name, struct admin_reply *r)
{
	struct text said = { 0 };
	uint32_t count = l->img != NULL ? l->img->services.count : 0;
	const struct img_service *s =
	    count != 0 ? img_at(l->img, l->img->services.off) : NULL;

	text_printf(&said, "no service \"%.*s\": there %s ", SLICE_FMT(name),
	    count == 1 ? "is" : "are");
	for (uint32_t i = 0; i < count; i++)
		names_add(&said, img_slice(l->img, s[i].name), i, count);
	if (count == 0)
		text_add(&said, SLICE_LIT("none"));
	admin_reply_problem(r, 404, text_slice(&said));
	text_fini(&said);
}

static void
no_endpoint(const struct lookup *l, struct slice name, struct admin_reply *r)
{
	const struct img_endpoint *e =
	    img_at(l->img, l->service->endpoints.off);
	uint32_t count = l->service->endpoints.count;
	struct text said = { 0 };

	text_printf(&said, "service \"%.*s\" has no endpoint \"%.*s\": it has ",
	    SLICE_FMT(img_slice(l->img, l->service->name)), SLICE_FMT(name));
	for (uint32_t i = 0; i < count; i++)
		names_add(&said, img_slice(l->img, e[i].label), i, count);
	admin_reply_problem(r, 404, text_slice(&said));
	text_fini(&said);
}

bool
admin_find_service(struct admin *a, const struct admin_request *q,
    struct lookup *l, struct admin_reply *r)
{
	const struct img_head *img = reload_current(&a->in->region);

	if (lookup_service(img, q->arg[0], l) == LOOKUP_FOUND)
		return true;
	no_service(l, q->arg[0], r);
	return false;
}

bool
admin_find_endpoint(struct admin *a, const struct admin_request *q,
    struct lookup *l, struct admin_reply *r)
{
	const struct region *region = &a->in->region;

	switch (lookup_endpoint(
	    region, reload_current(region), q->arg[0], q->arg[1], l)) {
	case LOOKUP_FOUND:
		return true;
	case LOOKUP_NO_SERVICE:
		no_service(l, q->arg[0], r);
		break;
	case LOOKUP_NO_ENDPOINT:
		no_endpoint(l, q->arg[1], r);
		break;
	}
	return false;
}
