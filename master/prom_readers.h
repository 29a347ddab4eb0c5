/*
 * prom_readers.h - what penstocklog says of itself: records, logs, spans.
 */
#ifndef MASTER_PROM_READERS_H
#define MASTER_PROM_READERS_H

#include "master/prom.h"
#include "shm/image.h"
#include "shm/region.h"

/* Of the logs that img has; NULL: none is published. */
void prom_readers_write(
    const struct region *r, const struct img_head *img, struct prom *p);

#endif
