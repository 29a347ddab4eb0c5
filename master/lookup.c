/*
 * lookup.c - see lookup.h.
 */
#include "master/lookup.h"

#include "shm/registry.h"

enum lookup_found
lookup_service(
    const struct img_head *img, struct slice service, struct lookup *l)
{
	const struct img_service *s;

	*l = (struct lookup){ .img = img };
	if (img == NULL)
		return LOOKUP_NO_SERVICE;
	s = img_at(img, img->services.off);
	for (uint32_t i = 0; i < img->services.count; i++) {
		if (!slice_eq(img_slice(img, s[i].name), service))
			continue;
		l->service = &s[i];
		l->index = i;
		return LOOKUP_FOUND;
	}
	return LOOKUP_NO_SERVICE;
}

/* By its text, or as the address that its text is another spelling of. */
static bool
configured_is(
    const struct lookup *l, const struct img_endpoint *e, struct slice name)
{
	char text[ADDR_TEXT_MAX];

	if (slice_eq(img_slice(l->img, e->label), name))
		return true;
	return e->kind == IMG_ENDPOINT_ADDR &&
	    slice_eq(slice_make(text, addr_text(&e->addr, text)), name);
}

static const struct img_endpoint *
configured_with_label(const struct lookup *l, struct slice label)
{
	const struct img_endpoint *e =
	    img_at(l->img, l->service->endpoints.off);

	for (uint32_t i = 0; i < l->service->endpoints.count; i++)
		if (slice_eq(img_slice(l->img, e[i].label), label))
			return &e[i];
	return NULL;
}

static bool
lookup_configured(struct lookup *l, struct slice name)
{
	const struct img_endpoint *e =
	    img_at(l->img, l->service->endpoints.off);

	for (uint32_t i = 0; i < l->service->endpoints.count; i++) {
		if (!configured_is(l, &e[i], name))
			continue;
		l->endpoint = &e[i];
		l->name = img_slice(l->img, e[i].label);
		return true;
	}
	return false;
}

static bool
lookup_member(const struct region *r, struct lookup *l, struct slice name)
{
	const struct eset *set = registry_set(r, l->service->slot);

	for (uint32_t i = 0; set != NULL && i < set->count; i++) {
		uint32_t index = set->members[i].handle.index;

		if (!slice_eq(registry_endpoint_text(r, index), name))
			continue;
		l->endpoint =
		    configured_with_label(l, registry_endpoint_label(r, index));
		l->name = name;
		l->single = true;
		return l->endpoint != NULL;
	}
	return false;
}

enum lookup_found
lookup_endpoint(const struct region *r, const struct img_head *img,
    struct slice service, struct slice endpoint, struct lookup *l)
{
	enum lookup_found found = lookup_service(img, service, l);

	if (found != LOOKUP_FOUND || lookup_configured(l, endpoint) ||
	    lookup_member(r, l, endpoint))
		return found;
	return LOOKUP_NO_ENDPOINT;
}

bool
lookup_has(const struct region *r, const struct lookup *l, uint32_t index)
{
	char text[ADDR_TEXT_MAX];
	struct slice name = l->name;

	if (!l->single && l->endpoint->kind != IMG_ENDPOINT_ADDR)
		return slice_eq(registry_endpoint_label(r, index), name);
	if (!l->single)
		name = slice_make(text, addr_text(&l->endpoint->addr, text));
	return slice_eq(registry_endpoint_text(r, index), name);
}
