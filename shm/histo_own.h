/*
 * histo_own.h - who has a histogram of its own: the first routes (with their
 * services) and endpoints that were used, up to metrics.max_histograms of each.
 *
 * Given for good, as the rows that they are counted in: found by a look into a
 * table that hardly ever changes, and taken without a lock. A row is taken by
 * its key in `keys`, then it is put into `places`, then it is counted into
 * `used`; whoever meets a taken row that is not counted yet does the rest of
 * the work first, so that nothing is taken twice, whoever dies in between.
 */
#ifndef SHM_HISTO_OWN_H
#define SHM_HISTO_OWN_H

#include <stdbool.h>
#include <stdint.h>

#include "shm/histo.h"

#define HISTO_NONE UINT32_MAX

/* Their row, taken when they have none and there is room; or HISTO_NONE. */
uint32_t histo_own_row(
    const struct region *r, enum histo_kind kind, uint32_t a, uint32_t service);

/* Brings nearer where it is looked for: some time before. */
void histo_own_prefetch(
    const struct region *r, enum histo_kind kind, uint32_t a, uint32_t service);

/* The master: how many may have one. Who has one keeps it. */
void histo_own_allow(const struct region *r, uint32_t max);

/* Rows that are taken, from 0 on, and whose they are. */
uint32_t histo_own_count(const struct region *r, enum histo_kind kind);
void histo_own_of(const struct region *r, enum histo_kind kind, uint32_t row,
    uint32_t *a, uint32_t *service);

#endif
