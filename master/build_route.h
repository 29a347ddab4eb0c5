/*
 * build_route.h - one configured route to one record of the image.
 */
#ifndef MASTER_BUILD_ROUTE_H
#define MASTER_BUILD_ROUTE_H

#include "common/base/diag.h"
#include "master/build_image.h"
#include "master/build_pattern.h"
#include "master/conf.h"

struct img_timeouts build_timeouts(const struct conf_timeouts *t);

/* Their offset in the image, where routes share them. */
uint32_t build_shared_timeouts(struct image *im, const struct conf_timeouts *t);

/*
 * Fills `out` and `more` for route r of c, whose pattern was parsed; what it
 * refers to goes into the image. False with complaints.
 */
bool build_route(struct image *im, const struct conf *c,
    const struct conf_route *r, const struct pattern *p, struct img_route *out,
    struct img_route_more *more, struct diag *d);

/*
 * An answer that is given as it stands; `what` is its body, for complaints, and
 * the pattern has the parameters that it may name. False with complaints.
 */
bool
build_respond(struct image *im, const struct conf_respond *r, const char *what,
    const struct pattern *p, struct img_respond *out, struct diag *d);

/* A bit per enum http_method, and those that have none. */
void build_methods(struct image *im, const struct conf_strings *methods,
    uint32_t *bits, struct img_span *other_methods);

#endif
