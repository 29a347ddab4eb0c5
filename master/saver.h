/*
 * saver.h - the files in state_dir, as a list: who writes them, who reads them,
 * and whether that goes well.
 */
#ifndef MASTER_SAVER_H
#define MASTER_SAVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "shm/region.h"

enum saver_file {
	SAVER_KEYS,
	SAVER_REVOCATIONS,
	SAVER_SIGNING,
	SAVER_LINEAGE,
	SAVER_FILES
};

struct saver {
	struct region *region;
	int dir; /* -1: nothing is kept */
	bool failing[SAVER_FILES];
	uint64_t failed[SAVER_FILES];
};

void saver_init(struct saver *s, struct region *r, int dir);

/* Whether there is a folder at all. */
static inline bool
saver_keeps(const struct saver *s)
{
	return s->dir >= 0;
}

/* Writes one anew; true without a folder, too. False: the log says why. */
bool saver_write(struct saver *s, enum saver_file file);

/*
 * Reads them all, into a region that is new. False with complaints: one is
 * damaged, and what it says must not be lost. Families that cannot be read are
 * forgotten, with a warning: their tokens are refused.
 */
bool saver_load(struct saver *s, struct diag *d);

/* For metrics. */
void saver_prom(const struct saver *s, struct text *out);

#endif
