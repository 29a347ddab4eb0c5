/*
 * auth_claims.h - what an authenticator demands of the registered claims of a
 * token, whoever vouches for them.
 */
#ifndef WORKER_FILTER_AUTH_CLAIMS_H
#define WORKER_FILTER_AUTH_CLAIMS_H

#include "common/jose/claims.h"
#include "worker/filter/authenticate.h"

/*
 * Reads and checks them: WHY_OK, or why they do not do. Texts of the result are
 * in payload, or in the arena.
 */
enum why
auth_claims_read(struct auth_try *t, struct slice payload, struct claims *out);

#endif
