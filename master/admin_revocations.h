/*
 * admin_revocations.h - what is revoked, by the admin API.
 */
#ifndef MASTER_ADMIN_REVOCATIONS_H
#define MASTER_ADMIN_REVOCATIONS_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* GET /v1/revocations */
void admin_revocations_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* POST: in force in all workers when it is answered. */
void admin_revoke_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* DELETE: the entry that the body names. */
void admin_unrevoke_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
