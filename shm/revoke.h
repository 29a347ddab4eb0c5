/*
 * revoke.h - tokens that hold no more although their signature does: by their
 * id (jti), by user, or all of an authenticator, those two up to a time of
 * issue.
 *
 * One writer, the master; read by every worker at every use of a token: one
 * load tells that nothing was revoked since the last look. Entries are kept
 * until the tokens that they are about have expired.
 */
#ifndef SHM_REVOKE_H
#define SHM_REVOKE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/region.h"

enum revoke_kind {
	REVOKE_TOKEN, /* value: its jti */
	REVOKE_USER,  /* value: the user; also API keys and basic */
	REVOKE_ALL,   /* value: empty, and of no other kind is it */
	REVOKE_KINDS
};

/*
 * Of an authenticator's name that is longer than REVOKE_NAME_MAX, and a value
 * longer than REVOKE_TEXT_MAX, its beginning is kept and a hash of all of it.
 * What is kept means the same entry, when it comes back from a file.
 */

struct revoke_entry {
	enum revoke_kind kind;
	struct slice authenticator; /* empty: of any */
	struct slice value;
	int64_t before_s; /* USER, ALL: tokens issued up to then; those that do
			     not say when count as older */
	int64_t until_s;  /* kept so long; INT64_MAX: for ever */
};

/* A token, or whatever was verified, as revocation sees it: made once. */
struct revoke_subject {
	uint64_t token[2], user[2], all[2]; /* of its authenticator, of any; 0:
					       it has no such name */
	int64_t issued_s;                   /* INT64_MIN: it does not say */
};

/* ---- workers ---- */

/* Grows with every change. */
uint64_t revoke_version(const struct region *r);

void revoke_subject_make(const struct region *r, struct slice authenticator,
    struct slice jti, struct slice user, int64_t issued_s,
    struct revoke_subject *s);

/* Anything is revoked at all: nobody needs a subject before. */
bool revoke_any(const struct region *r);

bool revoke_hits(const struct region *r, const struct revoke_subject *s);

/* ---- master ---- */

/*
 * Adds, or renews to the later of both times. False: the table is full. In
 * force when it returns.
 */
bool revoke_add(struct region *r, const struct revoke_entry *e);
/* False: there is no such entry. */
bool revoke_lift(struct region *r, enum revoke_kind kind,
    struct slice authenticator, struct slice value);

/* Frees what is past its time; returns how many are left. */
uint32_t revoke_sweep(struct region *r, int64_t now_s);

/* Entry number i < REVOKED_MAX; false: the place is free. */
bool revoke_at(const struct region *r, uint32_t i, struct revoke_entry *e);

/*
 * After a master died: what it was about to add is in force, or was never
 * there; what it was about to lift may be in force again. May be killed and
 * run again.
 */
void revoke_recover_master(struct region *r);

#endif
