/*
 * lineage.h - the families of refresh tokens (shm/families.h) as a file in
 * state_dir.
 */
#ifndef MASTER_LINEAGE_H
#define MASTER_LINEAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "shm/families.h"

#define LINEAGE_FILE "refresh_families"

/* Of all that is there: the same as long as nothing changes. */
uint64_t lineage_sum(const struct region *r);

uint32_t lineage_count(const struct region *r);

void lineage_write(const struct region *r, struct text *out);

/* False with a complaint. A family that does not fit in is forgotten. */
bool lineage_load(struct region *r, struct slice text, struct diag *d);

#endif
