/*
 * build_breaker.h - the breakers of a service, in its record.
 */
#ifndef MASTER_BUILD_BREAKER_H
#define MASTER_BUILD_BREAKER_H

#include "master/build_image.h"
#include "master/conf.h"

struct img_breaker
build_breaker(struct image *im, const struct conf_breaker *b);

#endif
