/*
 * reload_listeners.h - brings the keeper's listeners in step with an image.
 */
#ifndef MASTER_RELOAD_LISTENERS_H
#define MASTER_RELOAD_LISTENERS_H

#include <stdbool.h>
#include <stdint.h>

#include "master/reload.h"

/* Asks for those of the image that are not open; returns how many:
 * reload_opened comes for each. */
uint32_t reload_listeners_open(struct reload *r, const struct img_head *img);

/* One of them is open: false if it is not, or nothing more has room. */
bool reload_listeners_add(struct inherit *in, const struct note *n);

/* Closes what the image (NULL: none) does not name. */
void reload_listeners_close(struct reload *r, const struct img_head *img);

#endif
