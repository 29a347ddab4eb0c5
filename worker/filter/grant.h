/*
 * grant.h - the filter of routes that give tokens away: `issue` a first pair to
 * whom an authenticator knows, `refresh` a new pair for a refresh token, `jwks`
 * the public keys that go with them.
 */
#ifndef WORKER_FILTER_GRANT_H
#define WORKER_FILTER_GRANT_H

#include "worker/flow/pipeline.h"

enum verdict grant_request(struct req *q);

#endif
