/*
 * identity.h - who a request comes from, as far as somebody vouches for it:
 * what an authenticator made of credentials, in a block that whoever uses it
 * shares.
 *
 * Immutable but for its count, its grants and what is noted of revocations. The
 * block holds all its texts.
 */
#ifndef WORKER_FLOW_IDENTITY_H
#define WORKER_FLOW_IDENTITY_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/slice.h"
#include "shm/img_access.h"
#include "shm/revoke.h"

struct grants;

struct identity {
	uint32_t refs;
	uint32_t bytes;             /* of the block */
	uint8_t type;               /* enum img_auth_type */
	struct slice authenticator; /* its name */
	/* User, email, roles, permissions, tenant, service: lists joined by ","
	 * and checked; empty: not there. */
	struct slice claim[IMG_CLAIMS];
	struct slice token_id; /* jti, or the name of a key; may be empty */
	struct slice claims;   /* a JSON object that was checked; or empty */
	int64_t issued_s;      /* INT64_MIN: it does not say */
	int64_t expires_s; /* wall clock, leeway included; INT64_MAX: never */
	/* Made when it is first asked for, by identity_revoked alone. */
	struct revoke_subject subject;
	bool subject_made;
	uint64_t revoke_version; /* of the last look at revocations */
	/* What it may do by the roles of one generation; see grants.h. */
	struct grants *grants;
};

/* Empty, too, when there is no identity. */
static inline struct slice
identity_claim(const struct identity *id, enum img_claim claim)
{
	return id != NULL ? id->claim[claim] : SLICE_NONE;
}

/* What an identity is made of; slices of anything that lives until then. */
struct identity_parts {
	uint8_t type;
	struct slice authenticator, claim[IMG_CLAIMS], token_id, claims;
	int64_t issued_s, expires_s;
};

/*
 * A block with one reference. NULL: no memory. The parts were checked: no
 * control characters, no comma within an element of a list.
 */
struct identity *identity_new(const struct identity_parts *parts);

struct identity *identity_ref(struct identity *id);
/* NULL is let pass. */
void identity_unref(struct identity *id);

/*
 * As bytes for the shared cache, and back. 0: there is not enough room; NULL:
 * no memory, or the bytes are none of ours.
 */
size_t identity_pack(const struct identity *id, char *out, size_t room);
struct identity *identity_unpack(struct slice bytes);

/* Its time is over, with leeway where its authenticator has one. */
static inline bool
identity_expired(const struct identity *id, int64_t now_s)
{
	return now_s >= id->expires_s;
}

/* It was revoked, as far as this is known at this moment. */
bool identity_revoked(const struct region *r, struct identity *id);

/* It holds at this moment: neither expired (wall clock) nor revoked. */
bool identity_holds(const struct region *r, struct identity *id, int64_t now_s);

#endif
