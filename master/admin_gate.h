/*
 * admin_gate.h - who may use the admin API over TCP: whoever has the token of
 * admin.token_file (RFC 6750, 2.1).
 */
#ifndef MASTER_ADMIN_GATE_H
#define MASTER_ADMIN_GATE_H

#include <stdbool.h>

#include "master/admin.h"
#include "master/admin_reply.h"

/* False: r says why not. Without a token there is no API. */
bool admin_gate_passes(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);

#endif
