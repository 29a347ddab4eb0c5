/*
 * basic_users.h - who a user of the Basic scheme is, apart from the password.
 */
#ifndef WORKER_FILTER_BASIC_USERS_H
#define WORKER_FILTER_BASIC_USERS_H

#include "shm/image.h"
#include "worker/flow/identity.h"
#include "worker/flow/why.h"

/* NULL: the htpasswd file has no such user. */
const struct img_htpasswd *basic_users_find(
    const struct img_head *img, const struct img_auth *a, struct slice user);

/*
 * parts->claim, expires_s and token_id of the user, as its holder says, where
 * it has one. WHY_PASSWORD: it is not let in without one; WHY_TOKEN_CLAIMS:
 * it cannot be told.
 */
enum why basic_users_parts(const struct img_head *img, const struct img_auth *a,
    struct slice user, struct identity_parts *parts);

#endif
