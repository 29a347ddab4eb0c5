/*
 * admin_breakers.h - the admin API's documents about breakers.
 */
#ifndef MASTER_ADMIN_BREAKERS_H
#define MASTER_ADMIN_BREAKERS_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* /v1/breakers: all that are in use. */
void admin_breakers_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
/* /v1/breakers/history: with their last transitions. */
void admin_breakers_history_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* /v1/services/S/breakers: its own and its endpoints', with transitions. */
void admin_service_breakers_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
/* /v1/services/S/endpoints/E/breaker: of each address that is meant. */
void admin_endpoint_breaker_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* POST to these two closes them. */
void admin_service_breakers_reset(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_endpoint_breaker_reset(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
