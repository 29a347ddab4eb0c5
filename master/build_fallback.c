/*
 * build_fallback.c - see build_fallback.h.
 */
#include "master/build_fallback.h"

/* The fallback of the i-th service that a route names; NULL: there is none. */
static const struct conf_service *
fallback_of(const struct conf *c, const struct conf_route *r, size_t i)
{
	size_t service = r->split.count != 0 ? r->split.arms[i].service_index
					     : r->service_index;
	uint32_t next;

	if (service >= c->service_count)
		return NULL;
	next = c->services[service].fallback.service_index;
	return next != IMG_NONE ? &c->services[next] : NULL;
}

static size_t
services_of(const struct conf_route *r)
{
	return r->split.count != 0 ? r->split.count : 1;
}

bool
build_fallback_sends(const struct conf *c, const struct conf_route *r)
{
	for (size_t i = 0; i < services_of(r); i++)
		if (fallback_of(c, r, i) != NULL)
			return true;
	return false;
}

bool
build_fallback_tells(const struct conf *c, const struct conf_route *r)
{
	for (size_t i = 0; i < services_of(r); i++) {
		const struct conf_service *next = fallback_of(c, r, i);

		if (next != NULL && next->has_token)
			return true;
	}
	return false;
}
