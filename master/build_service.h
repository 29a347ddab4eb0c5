/*
 * build_service.h - a service's record in the image, and what hangs on it.
 */
#ifndef MASTER_BUILD_SERVICE_H
#define MASTER_BUILD_SERVICE_H

#include "master/build_image.h"
#include "master/conf.h"

/* s is one of c's. Its registry slot is still IMG_NONE. */
struct img_service build_service(
    struct image *im, const struct conf *c, const struct conf_service *s);

#endif
