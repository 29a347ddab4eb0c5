/*
 * admin_limits.h - rate_limits by the admin API: how many keys there are, which
 * ones have spent most, and one that is to begin anew.
 */
#ifndef MASTER_ADMIN_LIMITS_H
#define MASTER_ADMIN_LIMITS_H

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/prom.h"

/* GET /v1/limits */
void admin_limits_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* GET /v1/limits/LIMIT: the same of one, and its keys. */
void admin_limit_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* DELETE /v1/limits/LIMIT/keys/KEY */
void admin_limit_reset_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* How full the tables are. */
void admin_limits_prom(const struct region *r, struct prom *p);

#endif
