/*
 * conf_build.h - makes the configuration image: routes compiled into tables
 * whose lookup cost does not depend on their number.
 */
#ifndef MASTER_CONF_BUILD_H
#define MASTER_CONF_BUILD_H

#include "master/conf.h"
#include "shm/image.h"

/*
 * Builds the image in malloc'd memory (*image, *bytes; the caller frees). The
 * slots and rows of the registry are still IMG_NONE. False with complaints: of
 * what only the router can see (path patterns, regular expressions, templates,
 * captures); routes that can never be chosen are warnings.
 *
 * Part of conf_load, so that `-t` says everything.
 */
bool
conf_build(const struct conf *c, char **image, uint64_t *bytes, struct diag *d);

#endif
