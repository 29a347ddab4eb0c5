/*
 * conf_read.h - files into struct conf, through libconfig and the option rows.
 *
 * Every value is of the right type and in its range afterwards, or complained
 * about; what values mean together is conf_check's.
 */
#ifndef MASTER_CONF_READ_H
#define MASTER_CONF_READ_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/slice.h"
#include "master/conf.h"

/*
 * Reads `path`, and what it includes, into c, which is zeroed but for its
 * arena. Complaints go to d. False when a file could not be read as a whole, so
 * that looking for what is missing makes no sense.
 */
bool conf_read(struct conf *c, const char *path, struct diag *d);

/* The same for text in memory. */
bool conf_read_text(
    struct conf *c, const char *name, struct slice content, struct diag *d);

#endif
