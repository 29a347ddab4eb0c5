/*
 * breaker_list.c - see breaker_list.h.
 */
#include "master/breaker_list.h"

#include "shm/registry.h"

void
breakers_of_service(const struct region *r, const struct img_head *img,
    const struct img_service *s, breaker_entry_fn *fn, void *what)
{
	const struct eset *set = registry_set(r, s->slot);
	struct breaker_entry e = { r, img, s, BREAKER_OF_SERVICE(s->slot),
		REGISTRY_NONE };

	if ((s->breaker.scope & IMG_BREAKER_SERVICE) != 0)
		fn(what, &e);
	if ((s->breaker.scope & IMG_BREAKER_ENDPOINT) == 0 || set == NULL)
		return;
	for (uint32_t i = 0; i < set->count; i++) {
		e.index = set->members[i].handle.index;
		e.breaker = BREAKER_OF_ENDPOINT(e.index);
		fn(what, &e);
	}
}

void
breakers_each(const struct region *r, const struct img_head *img,
    breaker_entry_fn *fn, void *what)
{
	const struct img_service *s =
	    img != NULL ? img_at(img, img->services.off) : NULL;

	for (uint32_t i = 0; s != NULL && i < img->services.count; i++)
		breakers_of_service(r, img, &s[i], fn, what);
}

struct slice
breaker_entry_endpoint(const struct breaker_entry *e)
{
	return e->index != REGISTRY_NONE
	    ? registry_endpoint_text(e->r, e->index)
	    : SLICE_NONE;
}
