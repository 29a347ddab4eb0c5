/*
 * grant_keys.h - the public keys that the gateway signs with, as a JWK Set.
 */
#ifndef WORKER_FILTER_GRANT_KEYS_H
#define WORKER_FILTER_GRANT_KEYS_H

#include "worker/flow/req.h"

/* Answers with them. q may have ended afterwards. */
void grant_keys_answer(struct req *q);

#endif
