/*
 * log_program.h - where penstocklog is, a program of its own, and whether it is
 * there before anything depends on it.
 */
#ifndef MASTER_LOG_PROGRAM_H
#define MASTER_LOG_PROGRAM_H

#include <limits.h>
#include <stdbool.h>

#include "common/base/diag.h"
#include "master/conf.h"

/*
 * In the folder of the running binary, else where it is installed beside
 * sbin/. False: in neither.
 */
bool log_program_find(char path[PATH_MAX]);

/*
 * Complains if something of c needs it and it is not there. It may be installed
 * later, so that is a warning; but with audit_log.when_full "refuse" nothing
 * would be answered before, and it is an error. False when d has errors.
 */
bool log_program_check(const struct conf *c, struct diag *d);

#endif
