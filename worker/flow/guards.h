/*
 * guards.h - requests that end with the identity they began with: those of
 * routes with close_revoked, and among them the tunnels and streams that may go
 * on for hours.
 *
 * They are looked at when something was revoked, and once a second, since that
 * is what expiry is counted in. A WebSocket gets a close frame (1008, RFC 6455
 * 7.4.1) and a moment to say the same; an answer that has begun is cut; a
 * request that is still being sent is refused. One that was sent whole and has
 * no answer yet is left to get one: only then its client knows what was done.
 */
#ifndef WORKER_FLOW_GUARDS_H
#define WORKER_FLOW_GUARDS_H

#include "worker/flow/req.h"

struct guards;

struct guards *guards_new(void);
/* Nothing is guarded any more. */
void guards_free(struct guards *g);

/* q has an identity. False without memory. */
bool guards_add(struct req *q);

/* To be called in each turn. */
void guards_turn(struct env *e);

#endif
