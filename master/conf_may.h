/*
 * conf_may.h - whether processes of the gateway could open files, before
 * anything depends on it.
 */
#ifndef MASTER_CONF_MAY_H
#define MASTER_CONF_MAY_H

#include "master/conf.h"

/*
 * NULL, or why the user that the gateway runs as could not open the file
 * `path`, absolute, to write to it, as half a sentence. Nothing is made.
 */
const char *conf_may_write(struct conf *c, const char *path);

/* The same, to read what is there. */
const char *conf_may_read(struct conf *c, const char *path);

#endif
