/*
 * conf_regex.h - regular expressions as the gateway will use them: do they
 * compile?
 */
#ifndef MASTER_CONF_REGEX_H
#define MASTER_CONF_REGEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/slice.h"

#define CONF_REGEX_WHY_MAX 300

/*
 * True with the number of its groups, when `captures` is not NULL. Else why not
 * is in `why`, of CONF_REGEX_WHY_MAX bytes.
 */
bool conf_regex_check(struct slice text, uint32_t *captures, char *why);

#endif
