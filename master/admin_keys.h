/*
 * admin_keys.h - API keys by the admin API: shown, added, removed, without a
 * reload.
 */
#ifndef MASTER_ADMIN_KEYS_H
#define MASTER_ADMIN_KEYS_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* GET /v1/authenticators/NAME/keys */
void admin_keys_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/*
 * POST: a key that the gateway makes; the answer is the one place where it is
 * shown.
 */
void admin_key_add_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* DELETE /v1/authenticators/NAME/keys/KEY: by id, or by a name that is unique.
 */
void admin_key_remove_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
