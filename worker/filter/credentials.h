/*
 * credentials.h - where a request carries them: Authorization, a field or a
 * cookie of a name, a parameter of the query; and how they are taken out of
 * what goes upstream.
 */
#ifndef WORKER_FILTER_CREDENTIALS_H
#define WORKER_FILTER_CREDENTIALS_H

#include "worker/flow/req.h"

enum credentials {
	CREDENTIALS_NONE,
	CREDENTIALS_FOUND,
	CREDENTIALS_TWO, /* of one kind: WHY_TWO_CREDENTIALS */
	CREDENTIALS_BAD, /* the scheme, and nothing that it can have */
};

/*
 * The credentials for `a`: in its header or its cookie, or in its query
 * parameter, whatever it names; else in Authorization with this scheme (RFC
 * 9110 11.4, case-insensitive). `text` may be in the arena. *in_cookie says
 * that they came by one (may be NULL).
 */
enum credentials credentials_find(struct req *q, const struct img_auth *a,
    struct slice scheme, struct slice *text, bool *in_cookie);

/*
 * The same for who has seen the text before, or takes it apart: whether it is a
 * token is not looked at, where it has to be one. That it is not empty is.
 */
enum credentials credentials_look(struct req *q, const struct img_auth *a,
    struct slice scheme, struct slice *text, bool *in_cookie);

/* RFC 6750 2.1, RFC 9110 11.2: b64token, and token68, which is the same. */
bool credentials_is_token(struct slice text);

/*
 * They are to go no further: removes the parameter from the query, and notes
 * in q->stripped whose fields are to be removed when q->up is made.
 */
void credentials_strip(struct req *q, const struct img_auth *a);

/* Removes from q->up what q->stripped, which is not NULL, says. */
void credentials_strip_up(struct req *q);

#endif
