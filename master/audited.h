/*
 * audited.h - what master and operators do that belongs into the audit log, and
 * what the master sees of others: processes that died, keys that expired.
 */
#ifndef MASTER_AUDITED_H
#define MASTER_AUDITED_H

#include <stdbool.h>

#include "master/admin.h"
#include "master/reload.h"
#include "shm/audit.h"

/* ---- operators ---- */

/* Who is at the other end of a connection: `local`: a process, else a host. */
void audited_peer(int fd, bool local, char who[ADMIN_WHO_BYTES]);

/*
 * A request that changes something is about to be answered. False: it was
 * answered, as the audit log is full and nothing may be done (`refuse`).
 */
bool audited_begin(
    struct admin *a, const struct admin_request *q, struct admin_reply *r);
/* It was: what, and with which outcome. */
void audited_end(struct admin *a, const struct admin_request *q,
    const struct admin_reply *r);

/* It was refused for its token, whatever it would have done. */
void audited_stranger(struct admin *a, const struct admin_request *q,
    const struct admin_reply *r);

/* Between both: what was done to what. detail may be empty. */
void audited_by(struct admin *a, enum audit_event e, struct slice object,
    struct slice detail);

/* ---- the master itself ---- */

void
audited_event(const struct region *r, enum audit_event e, struct slice detail);

/*
 * img is just about to be published: what it changes is said by the terms of
 * the one before, or else by its own, which hold from now on.
 */
void audited_config(
    struct region *r, const struct img_head *old, const struct img_head *img);

/* A reload ended without one, for what `said` says; empty: as unchanged. */
void audited_no_config(const struct region *r, struct slice said);

/* Processes that have died since the last look, be it a master's before. */
void audited_deaths(const struct region *r, bool stopping);

/* API keys that have expired since the last look. */
void audited_keys(const struct region *r, const struct img_head *img);

#endif
