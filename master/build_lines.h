/*
 * build_lines.h - where in the configuration things are said, for those who are
 * told why something happened.
 */
#ifndef MASTER_BUILD_LINES_H
#define MASTER_BUILD_LINES_H

#include "master/build_image.h"
#include "master/conf.h"

/* Of a route: its own line, then those of its filters. */
struct img_span build_route_lines(
    struct image *im, const struct conf *c, const struct conf_route *r);

/* Of what routes refer to, into img_head.places. */
void build_places(struct image *im, const struct conf *c);

#endif
