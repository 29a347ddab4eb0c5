/*
 * admin_history.h - what has happened to endpoints, as JSON.
 */
#ifndef MASTER_ADMIN_HISTORY_H
#define MASTER_ADMIN_HISTORY_H

#include <stdint.h>

#include "common/base/json.h"
#include "master/admin.h"
#include "master/admin_reply.h"

/* The array "history" of one endpoint, oldest first. */
void
admin_history_write(struct json *j, const struct region *r, uint32_t index);

/* /v1/services/S/history: the newest of all of its endpoints. */
void admin_history_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
