/*
 * trial.h - a configuration that nobody runs, in a region of its own: built and
 * published by the code of a reload, for `penstock --explain`.
 */
#ifndef MASTER_TRIAL_H
#define MASTER_TRIAL_H

#include <stdbool.h>

#include "shm/region.h"

/*
 * For region_fini. Names of endpoints are not resolved, keys are not fetched,
 * state_dir is not read. False with complaints on stderr.
 */
bool trial_region(struct region *r, const char *path);

#endif
