/*
 * saver.h - the files in state_dir, as a list: who writes them, who reads them,
 * and whether that goes well.
 */
#ifndef MASTER_SAVER_H
#define MASTER_SAVER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/clock.h"
#include "common/base/diag.h"
#include "common/base/text.h"
#include "master/prom.h"
#include "shm/region.h"

#define SAVER_SHARE 20 /* writing takes no more than a part of the time */

enum saver_file {
	SAVER_KEYS,
	SAVER_REVOCATIONS,
	SAVER_SIGNING,
	SAVER_LINEAGE,
	SAVER_BANS,
	SAVER_QUOTAS,
	SAVER_FILES
};

struct saver {
	struct region *region;
	int dir; /* -1: nothing is kept */
	bool failing[SAVER_FILES];
	uint64_t failed[SAVER_FILES];
	uint64_t due_us[SAVER_FILES]; /* clock_raw_us */
};

void saver_init(struct saver *s, struct region *r, int dir);

/* Whether there is a folder at all. */
static inline bool
saver_keeps(const struct saver *s)
{
	return s->dir >= 0;
}

/* Writes one anew; true without a folder, too. False: the log says why; of what
 * is too large for a file that is not lasting, a part is written. */
bool saver_write(struct saver *s, enum saver_file file);

/* False: the last time it took so long that it has to wait. */
static inline bool
saver_is_due(const struct saver *s, enum saver_file file)
{
	return clock_raw_us() >= s->due_us[file];
}

/*
 * Writes one that is tended by somebody, if it is due; otherwise leaves it to
 * him. False: it was, or could lately, not be written.
 */
bool saver_write_due(struct saver *s, enum saver_file file);

/*
 * Reads them all, into a region that is new. False with complaints: one is
 * damaged, and what it says must not be lost. Families, bans and quotas that
 * cannot be read are forgotten, with a warning: tokens of families are refused.
 */
bool saver_load(struct saver *s, struct diag *d);

/* For metrics. */
void saver_prom(const struct saver *s, struct prom *p);

#endif
