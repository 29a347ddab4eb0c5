/*
 * environ.h - ${NAME} in strings of a configuration file.
 */
#ifndef COMMON_BASE_ENVIRON_H
#define COMMON_BASE_ENVIRON_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"

/*
 * Adds `text` to *out with ${NAME} and ${NAME:-default} replaced from the
 * environment (the default also where the variable is empty) and $${ made ${.
 * False with complaints at file and line, which begin with `option`.
 */
bool environ_expand(struct text *out, const char *text, const char *option,
    const char *file, int line, struct diag *d);

/* Adds `text` so that environ_expand gives it back. */
void environ_protect(struct text *out, const char *text);

#endif
