/*
 * conf_host.h - names of hosts, as routes are found by and endpoints have them.
 */
#ifndef MASTER_CONF_HOST_H
#define MASTER_CONF_HOST_H

#include "common/base/slice.h"
#include "master/conf.h"

/*
 * NULL for labels of 1 to 63 letters, digits, "-" and "_" with a dot between
 * them, 253 characters in all; else what is wrong, as half a sentence.
 */
const char *conf_host_fault(struct slice name);

/* The name in lower case, in the conf's arena. */
const char *conf_host_lower(struct conf *c, struct slice name);

#endif
