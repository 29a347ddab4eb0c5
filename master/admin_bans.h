/*
 * admin_bans.h - who is banned, by the admin API.
 */
#ifndef MASTER_ADMIN_BANS_H
#define MASTER_ADMIN_BANS_H

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/prom.h"

/* GET /v1/bans */
void admin_bans_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* POST: in force in all workers when it is answered. */
void admin_ban_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* DELETE: the address that the body names, or "all". */
void admin_unban_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* How many there are, and by which rules they were made. */
void admin_bans_prom(const struct region *r, struct prom *p);

#endif
