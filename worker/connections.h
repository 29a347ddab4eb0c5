/*
 * connections.h - how many connections a client's address may have, over all
 * workers together (limits.connections_per_address). An address of IPv6 counts
 * by its /64, which is what one subscriber has. Trusted proxies are exempt:
 * many clients come through them.
 */
#ifndef WORKER_CONNECTIONS_H
#define WORKER_CONNECTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/net/addr.h"
#include "worker/flow/env.h"

/*
 * One more connection of this address. False: it has as many as it may. Else
 * *ticket is for connections_drop; PERMIT_NONE when it is not counted: without
 * a limit, of a trusted proxy, or for lack of room in the table (see keyed.h).
 */
bool connections_take(struct env *e, const struct addr *a, uint32_t *ticket);
void connections_drop(struct env *e, uint32_t ticket);

#endif
