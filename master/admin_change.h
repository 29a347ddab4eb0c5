/*
 * admin_change.h - PATCH of an endpoint: what an operator wants, from JSON.
 */
#ifndef MASTER_ADMIN_CHANGE_H
#define MASTER_ADMIN_CHANGE_H

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/operate.h"

/*
 * Reads {"state": "ready" | "drain" | "maint", "weight": 1..1000}, where null
 * is what the configuration says, and either may be missing. False: *why, to be
 * freed by text_fini, is a sentence.
 */
bool admin_change_read(
    struct slice body, struct operate_change *c, struct text *why);

void admin_change_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
