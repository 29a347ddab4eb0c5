/*
 * build_cors.h - what browsers are told, compiled: policies for requests from
 * other origins, and the header fields of security_headers.
 */
#ifndef MASTER_BUILD_CORS_H
#define MASTER_BUILD_CORS_H

#include "master/build_image.h"
#include "master/conf.h"

/* Writes the policies into the image's head. */
void build_cors(struct image *im, const struct conf *c);

/*
 * Writes what the top level, and each route of its own, sets on answers, in
 * img_head.security: the top level's first, then those of the routes, in their
 * order. Those that do nothing are left out.
 */
void build_security(struct image *im, const struct conf *c);

/*
 * What is in force for a route: an index in img_head.security, or IMG_NONE.
 * *next, which starts as build_security_first, goes from one route to the next
 * in their order.
 */
uint32_t build_security_index(
    const struct conf *c, const struct conf_route *r, uint32_t *next);
uint32_t build_security_first(const struct conf *c);

#endif
