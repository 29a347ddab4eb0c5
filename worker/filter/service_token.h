/*
 * service_token.h - the token that tells an endpoint that a request came
 * through the gateway, and whose it is: signed once per service and user, then
 * used until half of its life is over.
 */
#ifndef WORKER_FILTER_SERVICE_TOKEN_H
#define WORKER_FILTER_SERVICE_TOKEN_H

#include "worker/flow/req.h"

/*
 * Adds the header of q->service to q->up, which has room for it, where the
 * service has one. Else why it cannot: auth_unavailable without a key,
 * identity_too_large of a user that does not fit in.
 */
enum why service_token_tell(struct req *q);

#endif
