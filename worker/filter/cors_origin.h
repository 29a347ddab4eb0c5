/*
 * cors_origin.h - which origins a policy for cross-origin requests lets in.
 */
#ifndef WORKER_FILTER_CORS_ORIGIN_H
#define WORKER_FILTER_CORS_ORIGIN_H

#include "shm/image.h"

/*
 * True when the policy has the origin, the value of an Origin field (RFC 6454
 * 6.2): byte by byte, as browsers write it, in lower case and without the
 * scheme's own port. "null" is an origin like others.
 */
bool cors_origin_fits(
    const struct img_head *img, const struct img_cors *c, struct slice origin);

#endif
