/*
 * filters.h - the one array that says which filters there are and in which
 * order they run.
 */
#ifndef WORKER_FILTERS_H
#define WORKER_FILTERS_H

#include <stdio.h>

#include "shm/image.h"
#include "worker/flow/pipeline.h"

extern const struct filter filters_all[IMG_FILTER_COUNT];

/* One line per filter, in order, with what it does. */
void filters_print(FILE *f);

#endif
