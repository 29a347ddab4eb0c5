/*
 * quotas.h - what was spent of quotas (LIMITER_QUOTA), kept in state_dir: a
 * month is longer than the gateway may run.
 */
#ifndef MASTER_QUOTAS_H
#define MASTER_QUOTAS_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "common/net/loop.h"
#include "shm/region.h"

#define QUOTAS_FILE "quotas"

struct saver;

struct quotas {
	struct loop *loop;
	struct region *region;
	struct saver *saver;
	struct timer timer;
	uint64_t saved; /* sum of limiter_used */
};

/* From now on they are kept; saver is to outlive it. */
void quotas_init(
    struct quotas *q, struct loop *loop, struct region *r, struct saver *saver);
/* Saves what has changed. */
void quotas_fini(struct quotas *q);

/* ---- for saver.c ---- */

void quotas_write(const struct region *r, struct text *out);
/* False with a complaint. */
bool quotas_load(struct region *r, struct slice text, struct diag *d);

#endif
