/*
 * admin_debug.h - tokens that let a client see what becomes of its requests.
 */
#ifndef MASTER_ADMIN_DEBUG_H
#define MASTER_ADMIN_DEBUG_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* POST /v1/debug-token */
void admin_debug_token_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
