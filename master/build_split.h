/*
 * build_split.h - the services that a route's requests are split between.
 */
#ifndef MASTER_BUILD_SPLIT_H
#define MASTER_BUILD_SPLIT_H

#include "master/build_image.h"
#include "master/conf.h"

/* Of a route with a split: its arms, their key, and the timeouts of the first.
 */
void build_split(
    struct image *im, const struct conf_route *r, struct img_route *out);

/* True when one of those that it leads to wants a token (service.token). */
bool build_split_tells(const struct conf *c, const struct conf_route *r);

#endif
