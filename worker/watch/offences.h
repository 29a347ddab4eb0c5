/*
 * offences.h - what clients do that the rules of bans count, over all workers
 * together; who has done it often enough is banned.
 *
 * Counted are requests, when they end, by the address of their client, and
 * connections that had to be closed, by that of their peer. Trusted proxies
 * are not banned: they stand for many. Without a rule, nothing of this is done.
 */
#ifndef WORKER_WATCH_OFFENCES_H
#define WORKER_WATCH_OFFENCES_H

#include "common/net/addr.h"
#include "worker/flow/env.h"
#include "worker/flow/why.h"

/* To be called with each generation: whether there are rules at all. */
void offences_follow(struct env *e);

/* The address got this status (0: none), for this reason. */
void offences_note(
    struct env *e, const struct addr *a, unsigned status, enum why why);

/* A connection of the peer, or what had no request yet, ended so; counts it. */
static inline void
offences_of_peer(struct env *e, const struct addr *peer, enum why why)
{
	counters_why(e->region, e->slot, why);
	if (e->offences)
		offences_note(e, peer, why_table[why].status, why);
}

#endif
