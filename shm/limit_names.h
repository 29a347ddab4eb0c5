/*
 * limit_names.h - the rows that refusals by a limit are counted in: by its
 * name, so that they keep their place over reloads. Made by the master, never
 * freed.
 */
#ifndef SHM_LIMIT_NAMES_H
#define SHM_LIMIT_NAMES_H

#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

/* Master: the row of a name, made when absent; when full, row 0. */
uint32_t limit_name_row(struct region *r, struct slice name);

/* Empty for a row that is none. */
struct slice limit_name_of(const struct region *r, uint32_t row);

#endif
