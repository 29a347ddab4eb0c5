/*
 * build_limits.h - rate_limits, compiled.
 */
#ifndef MASTER_BUILD_LIMITS_H
#define MASTER_BUILD_LIMITS_H

#include "master/build_image.h"
#include "master/conf.h"

/* Writes the limits into the image's head. */
void build_limits(struct image *im, const struct conf *c);

/* Writes into the record of a route which of them are for it. */
void build_route_limits(struct image *im, const struct conf *c,
    const struct conf_route *r, struct img_route *out);

#endif
