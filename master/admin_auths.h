/*
 * admin_auths.h - what the admin API and the metrics say of authenticators, of
 * the keys that they verify with, and of those that the gateway signs with.
 */
#ifndef MASTER_ADMIN_AUTHS_H
#define MASTER_ADMIN_AUTHS_H

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/prom.h"

/* GET /v1/authenticators */
void admin_auths_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* GET /v1/signing; POST /v1/signing/rotate: the same, after it. */
void admin_signing_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_rotate_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

void admin_auths_prom(struct access *a, struct prom *p);

/*
 * The authenticator of q's first argument. NULL: r says that there is none, and
 * what there is.
 */
const struct img_auth *
admin_auths_find(struct admin *a, const struct admin_request *q,
    const struct img_head **img, struct admin_reply *r);

#endif
