/*
 * build_roles.h - roles, permissions and what routes demand of them, as sets of
 * bits.
 */
#ifndef MASTER_BUILD_ROLES_H
#define MASTER_BUILD_ROLES_H

#include "common/base/map.h"
#include "master/build_image.h"
#include "master/build_pattern.h"
#include "master/conf.h"

/* Which bit a role or a permission is: name to number + 1. */
struct grant_bits {
	const struct conf *c;
	struct map roles, permissions;
	size_t *order; /* the roles of the conf by number */
	uint32_t role_words, permission_words;
};

void grant_bits_init(struct grant_bits *g, const struct conf *c);
void grant_bits_fini(struct grant_bits *g);

/* Roles and permissions, into the head. */
void build_roles(struct image *im, const struct grant_bits *g);

/* Fills `out` for a route with authorize. False with complaints. */
bool build_authorize(struct image *im, const struct grant_bits *g,
    const struct conf_route *r, const struct pattern *p,
    struct img_authorize *out, struct diag *d);

#endif
