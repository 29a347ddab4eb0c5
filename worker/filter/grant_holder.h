/*
 * grant_holder.h - who holds a refresh token, as the authenticator that began
 * its family knows it today: a token that lives for weeks is no longer good
 * than what it was given for, and brings the roles of now.
 *
 *	basic    the user is there, with the same password
 *	api_key  the key is there
 *	mtls     the authenticator is what it was; the certificate is not
 *	         shown again
 */
#ifndef WORKER_FILTER_GRANT_HOLDER_H
#define WORKER_FILTER_GRANT_HOLDER_H

#include "worker/flow/identity.h"
#include "worker/flow/req.h"

#define GRANT_MARK 16 /* hex digits that stand for what it is, or knows */

/*
 * The mark of what the parts of an identity rest on (authenticator, token_id,
 * user). False: nobody has it any more.
 */
bool grant_holder_mark(
    struct req *q, const struct identity_parts *p, char mark[GRANT_MARK]);

/*
 * Renews claims, token_id and expires_s (which gets no later); for this turn.
 * False: nobody has what it rests on any more, or it is not what it was.
 */
bool grant_holder_renew(
    const struct req *q, struct slice mark, struct identity_parts *p);

#endif
