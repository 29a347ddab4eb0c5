/*
 * admin_endpoints.h - the admin API's documents about endpoints, and about
 * what has happened to them.
 */
#ifndef MASTER_ADMIN_ENDPOINTS_H
#define MASTER_ADMIN_ENDPOINTS_H

#include <stdbool.h>

#include "master/admin.h"
#include "master/admin_reply.h"
#include "master/lookup.h"

/* /v1/endpoints; /v1/services/S/endpoints and below. */
void admin_endpoints_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_members_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_endpoint_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* Those that were looked for, with or without their histories. */
void admin_endpoints_found(struct admin *a, const struct lookup *l,
    bool history, struct admin_reply *r);

#endif
