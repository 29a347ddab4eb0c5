/*
 * publish.c - see publish.h.
 */
#include "master/publish.h"

#include <stdlib.h>

#include "common/base/must.h"
#include "shm/registry.h"

static bool
publish_set(struct region *r, const struct img_head *img,
    const struct img_service *s, uint32_t slot)
{
	const struct img_endpoint *e = img_at(img, s->endpoints.off);
	uint32_t n = s->endpoints.count;
	struct eset_want *want = calloc((size_t)n + 1, sizeof(*want));
	bool ok;

	MUST(want != NULL);
	for (uint32_t i = 0; i < n; i++)
		want[i] = (struct eset_want){ .addr = e[i].addr,
			.label = img_slice(img, e[i].label),
			.weight = e[i].weight,
			.backup = e[i].backup != 0 };
	ok = registry_publish_set(r, slot, want, n);
	free(want);
	return ok;
}

static bool
publish_service(struct region *r, const struct img_head *img,
    struct img_service *s, struct diag *d)
{
	struct slice name = img_slice(img, s->name);

	s->slot = registry_service(r, name);
	if (s->slot == REGISTRY_NONE) {
		diag_error(d, NULL, 0,
		    "no room for service \"%.*s\": there are %u since the "
		    "start, which is all",
		    SLICE_FMT(name), SERVICES_MAX);
		return false;
	}
	if (publish_set(r, img, s, s->slot))
		return true;
	diag_error(d, NULL, 0, "no room for the endpoints of service \"%.*s\"",
	    SLICE_FMT(name));
	return false;
}

bool
publish_tie(struct region *r, struct img_head *img, struct diag *d)
{
	char *base = (char *)img;
	struct img_service *services =
	    (struct img_service *)(void *)(base + img->services.off);
	struct img_route *routes =
	    (struct img_route *)(void *)(base + img->routes.off);

	for (uint32_t i = 0; i < img->services.count; i++)
		if (!publish_service(r, img, &services[i], d))
			return false;
	for (uint32_t i = 0; i < img->routes.count; i++)
		routes[i].row =
		    registry_route(r, img_slice(img, routes[i].name));
	return true;
}

void
publish_undo(struct region *r, const struct img_head *current)
{
	const struct img_service *s;

	if (current == NULL)
		return;
	s = img_at(current, current->services.off);
	/* What was there before fits again, or is left as it is. */
	for (uint32_t i = 0; i < current->services.count; i++)
		(void)publish_set(r, current, &s[i], s[i].slot);
}

void
publish_retire_absent(struct region *r, const struct img_head *current)
{
	uint32_t count = atomic_load(&r->state->control.services);
	bool *named = calloc(SERVICES_MAX, sizeof(*named));
	const struct img_service *s;

	MUST(named != NULL);
	if (current != NULL) {
		s = img_at(current, current->services.off);
		for (uint32_t i = 0; i < current->services.count; i++)
			if (s[i].slot < SERVICES_MAX)
				named[s[i].slot] = true;
	}
	for (uint32_t i = 0; i < count; i++)
		if (!named[i] && registry_set(r, i) != NULL)
			registry_retire_service(r, i);
	free(named);
}
