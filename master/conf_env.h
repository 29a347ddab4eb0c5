/*
 * conf_env.h - ${NAME} in strings of the configuration.
 */
#ifndef MASTER_CONF_ENV_H
#define MASTER_CONF_ENV_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "master/conf.h"

/*
 * Adds `text` to *out with ${NAME} and ${NAME:-default} replaced from the
 * environment (the default also where the variable is empty) and $${ made ${.
 * False with complaints at `at`, which begin with `option`.
 */
bool conf_env_expand(struct text *out, const char *text, const char *option,
    struct conf_place at, struct diag *d);

/* Adds `text` so that conf_env_expand gives it back. */
void conf_env_protect(struct text *out, const char *text);

#endif
