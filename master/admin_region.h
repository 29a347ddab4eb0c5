/*
 * admin_region.h - gives descriptors of the shared memory to tools, so that
 * they read it by themselves, also while nobody answers them any more.
 */
#ifndef MASTER_ADMIN_REGION_H
#define MASTER_ADMIN_REGION_H

#include "master/admin.h"

/* State, images, records and readers: for reading alone. */
void admin_region_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

/* Keys and all that is kept from tools: to root and to the gateway's own user
 * alone. */
void admin_secrets_answer(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
