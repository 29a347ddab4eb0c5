/*
 * admin_routes.h - what the admin API answers: its resources, by path and
 * method. The documents are in files of their own.
 */
#ifndef MASTER_ADMIN_ROUTES_H
#define MASTER_ADMIN_ROUTES_H

#include "master/admin.h"
#include "master/admin_reply.h"

/* What needs no body to be refused: true, with the answer. */
bool admin_routes_refuse(
    struct admin *a, struct admin_request *q, struct admin_reply *r);

/* Answers q, whose path may be anything without "?"; its args are set here. */
void admin_routes_answer(
    struct admin *a, struct admin_request *q, struct admin_reply *r);

/* The answer to who asked for a reload. */
void admin_routes_reloaded(
    struct admin *a, enum reload_outcome how, struct admin_reply *r);

#endif
