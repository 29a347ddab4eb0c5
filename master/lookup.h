/*
 * lookup.h - finds what people name: a service of the current configuration,
 * and of it an endpoint as configured, or one address of a name.
 */
#ifndef MASTER_LOOKUP_H
#define MASTER_LOOKUP_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/image.h"
#include "shm/region.h"

enum lookup_found { LOOKUP_FOUND, LOOKUP_NO_SERVICE, LOOKUP_NO_ENDPOINT };

/* Valid while img is current and the names that were asked for live. */
struct lookup {
	const struct img_head *img;
	const struct img_service *service; /* NULL: there is none */
	uint32_t index;                    /* of the service in img */
	const struct img_endpoint *endpoint;
	struct slice name; /* for overrides: its label, or the address */
	bool single;       /* one of the addresses that a name stands for */
};

/* img may be NULL: then there is no service. */
enum lookup_found lookup_service(
    const struct img_head *img, struct slice service, struct lookup *l);

/*
 * A configured address, in either spelling, is itself; a name is all of its
 * addresses; the text of a member's address is that one.
 */
enum lookup_found
lookup_endpoint(const struct region *r, const struct img_head *img,
    struct slice service, struct slice endpoint, struct lookup *l);

/* The member in slot `index` of the service's set is what was looked for. */
bool lookup_has(const struct region *r, const struct lookup *l, uint32_t index);

#endif
