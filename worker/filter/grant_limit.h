/*
 * grant_limit.h - the filter that says how often a client may ask for tokens
 * (token_issuer.per_minute): before anybody looks whether its credentials are
 * good, so that they are not guessed at.
 */
#ifndef WORKER_FILTER_GRANT_LIMIT_H
#define WORKER_FILTER_GRANT_LIMIT_H

#include "worker/flow/pipeline.h"

enum verdict grant_limit_request(struct req *q);

#endif
