/*
 * revocations.h - what was revoked (shm/revoke.h) as a file in state_dir.
 */
#ifndef MASTER_REVOCATIONS_H
#define MASTER_REVOCATIONS_H

#include <stdbool.h>

#include "common/base/diag.h"
#include "common/base/text.h"
#include "shm/revoke.h"

#define REVOCATIONS_FILE "revocations"
#define REVOCATIONS_NEVER INT64_MAX /* of `until` */

/* "token", "user", "all". */
const char *revoke_kind_name(enum revoke_kind kind);
/* False: there is no such kind. */
bool revoke_kind_find(struct slice name, enum revoke_kind *kind);

void revocations_write(const struct region *r, struct text *out);

/* False with a complaint. Those that are in force stay so. */
bool revocations_load(struct region *r, struct slice text, struct diag *d);

#endif
