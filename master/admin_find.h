/*
 * admin_find.h - what a request's path names, or a sentence that says what
 * there is instead.
 */
#ifndef MASTER_ADMIN_FIND_H
#define MASTER_ADMIN_FIND_H

#include <stdbool.h>

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/lookup.h"

/*
 * Finds the service of q's first argument, or the endpoint of both. False: r
 * says that there is none, and what there is.
 */
bool admin_find_service(struct admin *a, const struct admin_request *q,
    struct lookup *l, struct admin_reply *r);
bool admin_find_endpoint(struct admin *a, const struct admin_request *q,
    struct lookup *l, struct admin_reply *r);

#endif
