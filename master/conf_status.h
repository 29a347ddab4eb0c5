/*
 * conf_status.h - statuses as options name them: "204", "200-299".
 */
#ifndef MASTER_CONF_STATUS_H
#define MASTER_CONF_STATUS_H

#include <stdbool.h>

#include "master/conf.h"

/*
 * Adds the statuses of `word` to s, which has room in its items. False with
 * *why, a static half sentence.
 */
bool
conf_status_add(struct conf_statuses *s, const char *word, const char **why);

/* Room for n stretches, in the conf's arena. */
struct conf_statuses conf_statuses_new(struct conf *c, size_t n);

#endif
