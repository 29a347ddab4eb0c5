/*
 * issued.h - tokens that the gateway signs itself: for endpoints, that a
 * request came through it; for clients, who they are; and refresh tokens, which
 * nobody but the gateway reads.
 *
 *	for         signed with                          claims
 *	endpoints   signing.h, or the service's secret   iss aud iat exp service
 *	                                                 sub
 *	clients     signing.h, or the issuer's secret    iss aud iat exp jti sub
 *	                                                 email roles permissions
 *	                                                 tenant_id service
 *	itself      a secret of the region               iat exp family turn
 *	                                                 mark by id, and the
 *	                                                 identity's
 *
 * All say that they are of type "JWT": libjwt knows no other. What the last are
 * signed with verifies nothing else, so that none is taken for another.
 */
#ifndef WORKER_FLOW_ISSUED_H
#define WORKER_FLOW_ISSUED_H

#include "common/base/text.h"
#include "shm/img_access.h"
#include "worker/flow/env.h"
#include "worker/flow/identity.h"

#define ISSUED_BYTES_MAX 16384 /* of a token; longer ones are not made */
#define ISSUED_CLAIMS_MAX 8192 /* of its claims */

/* What an issuer of an image needs to sign; for this turn. */
struct issued_by {
	struct env *env;
	const struct img_head *img;
	const char *secrets; /* of the image */
	const struct img_issuer *issuer;
	int64_t now_s;
};

/* Before the env goes. */
void issued_fini(struct env *e);

enum issued {
	ISSUED_OK,
	ISSUED_NO_KEY,   /* none to sign with, or no memory */
	ISSUED_TOO_LONG, /* its claims are beyond ISSUED_CLAIMS_MAX */
};

/* out is a fixed text of ISSUED_BYTES_MAX. */
enum issued issued_service(const struct issued_by *by, struct slice service,
    const struct identity *id, struct text *out);
/* Until expires_s, if that is earlier than the issuer's lifetime is over. */
enum issued issued_access(const struct issued_by *by, const struct identity *id,
    int64_t expires_s, struct text *out);

/* What a refresh token says. */
struct issued_refresh {
	uint64_t family;
	uint32_t turn;
	int64_t issued_s, expires_s;
	struct slice mark; /* of what it rests on */
	/* Without type and claims; texts in the room that was given. */
	struct identity_parts parts;
};

enum issued issued_refresh_sign(const struct issued_by *by,
    const struct issued_refresh *r, struct text *out);

/*
 * Reads one of ours, whose time is not over. `room` has twice as many bytes as
 * text. False: it is none of ours, or it has expired.
 */
bool issued_refresh_read(struct env *e, struct slice text, int64_t now_s,
    char *room, struct issued_refresh *r);

#endif
