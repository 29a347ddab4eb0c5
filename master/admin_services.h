/*
 * admin_services.h - the admin API's documents about services, and /health.
 */
#ifndef MASTER_ADMIN_SERVICES_H
#define MASTER_ADMIN_SERVICES_H

#include "master/admin.h"
#include "master/admin_reply.h"

void admin_services_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_service_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
void admin_health_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
