/*
 * breaker_list.h - the breakers that the configuration in force makes use of.
 */
#ifndef MASTER_BREAKER_LIST_H
#define MASTER_BREAKER_LIST_H

#include "shm/breaker.h"
#include "shm/image.h"

/* One of them, while img is current. */
struct breaker_entry {
	const struct region *r;
	const struct img_head *img;
	const struct img_service *service;
	uint32_t breaker;
	uint32_t index; /* of the endpoint; REGISTRY_NONE: the service's own */
};

typedef void breaker_entry_fn(void *what, const struct breaker_entry *e);

/* Calls fn for the service's own, then for those of its endpoints. */
void breakers_of_service(const struct region *r, const struct img_head *img,
    const struct img_service *s, breaker_entry_fn *fn, void *what);

/* Of all services; img may be NULL. */
void breakers_each(const struct region *r, const struct img_head *img,
    breaker_entry_fn *fn, void *what);

/* Its address; nothing for a service's own. */
struct slice breaker_entry_endpoint(const struct breaker_entry *e);

#endif
