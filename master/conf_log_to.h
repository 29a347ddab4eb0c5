/*
 * conf_log_to.h - where a log goes, out of its path and facility.
 */
#ifndef MASTER_CONF_LOG_TO_H
#define MASTER_CONF_LOG_TO_H

#include "common/base/diag.h"
#include "common/base/map.h"
#include "master/conf.h"

/* An entry of access_log or of audit_log. */
struct conf_log_place {
	const struct conf_block *block;
	const void *log;
	const char *path, *facility; /* path NULL: there is none */
};

/*
 * Reads both; complaints go to d. `seen` has the files that have a log, and
 * what else has one of this block, and where.
 */
void conf_log_to_read(struct conf *c, const struct conf_log_place *place,
    struct map *seen, struct conf_log_to *to, uint32_t *facility,
    struct diag *d);

#endif
