/*
 * build_telemetry.h - what is told of the traffic, in the image.
 */
#ifndef MASTER_BUILD_TELEMETRY_H
#define MASTER_BUILD_TELEMETRY_H

#include "master/build_image.h"
#include "master/conf.h"

/* Into the head: all of img_telemetry. */
void build_telemetry(struct image *im, const struct conf *c);

#endif
