/*
 * route_path.h - the search for a host and path in the router's tables.
 */
#ifndef WORKER_FLOW_ROUTE_PATH_H
#define WORKER_FLOW_ROUTE_PATH_H

#include <stdbool.h>

#include "worker/flow/route.h"

/*
 * The term of a host (an authority: port and case do not count) and of a
 * normalised path; fills m->count and m->params. False when no path fits.
 */
bool route_path_find(const struct img_head *img, struct contexts *ctx,
    struct slice host, struct slice path, struct route_match *m,
    struct img_term *term);

/* The authority without its port and final dot. */
struct slice route_host_name(struct slice authority);

#endif
