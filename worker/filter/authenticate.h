/*
 * authenticate.h - who sends this request: the filter that asks the
 * authenticators of its route in their order, and what a kind of them is made
 * of.
 *
 *	NONE  it has no credentials of that kind: the next one is asked
 *	OK    the first one ends the search; expiry and revocation are looked
 *	      at here, whoever found the identity
 *	BAD   the next one is asked, but nobody is anonymous any more
 *	WAIT  the answer comes later, by authenticate_answer
 *
 * Nobody: an anonymous route goes on without an identity, others answer 401
 * with a challenge per scheme.
 */
#ifndef WORKER_FILTER_AUTHENTICATE_H
#define WORKER_FILTER_AUTHENTICATE_H

#include "worker/flow/identity.h"
#include "worker/flow/pipeline.h"
#include "worker/flow/req.h"

enum auth_verdict { AUTH_NONE, AUTH_OK, AUTH_BAD, AUTH_WAIT };

/* Schemes of WWW-Authenticate (RFC 9110 11.6.1). */
enum auth_scheme {
	AUTH_SCHEME_BEARER, /* RFC 6750 3 */
	AUTH_SCHEME_BASIC,  /* RFC 7617 2 */
	AUTH_SCHEME_API_KEY,
	AUTH_SCHEME_CERTIFICATE,
	AUTH_SCHEMES
};

/*
 * One request before its authenticators; in its arena. A kind sets `identity`
 * with OK, and `why` with BAD; `work` is its own, NULL when it begins.
 */
struct auth_try {
	struct req *q;
	const struct img_auth *auth; /* the one that is asked */
	const char *secrets;         /* of q->image */
	struct identity *identity;   /* OK: one reference, which goes on */
	enum why why;                /* BAD: a 4xx or 5xx of why.def */
	void *work;
	/* BAD: this instead of the challenge of its own (in the arena), as when
	 * somebody else was asked. Empty: its own. */
	struct slice challenge;
	/* BAD with WHY_AUTH_REDIRECT: status, Location and Set-Cookie. */
	const struct head *redirect;
	const struct auth_ops *ops;
	/* BAD: whom the credentials say they are from, if they do (in the
	 * arena). */
	struct slice said;
	bool from_cookie; /* the credentials were in a cookie */
	/* The filter's own. */
	uint32_t next; /* number of the next one in the route's list */
	bool paused;   /* the client's body waits, too */
	uint8_t bad;   /* enum why: what will be said; WHY_OK: nothing was */
	uint8_t bad_scheme;
	struct slice bad_challenge;
	const struct head *bad_redirect;
};

struct auth_ops {
	enum auth_scheme scheme;
	/*
	 * Looks at the request. OK, BAD and WAIT mean that it has credentials
	 * of this kind. Answers at once, or says WAIT: then
	 * authenticate_answer is called later, but never before it returns.
	 */
	enum auth_verdict (*ask)(struct auth_try *t);
	/*
	 * The request ends while it waits: no answer any more. NULL where WAIT
	 * is never said.
	 */
	void (*forget)(struct auth_try *t);
	/* credentials_strip knows where they are (img_auth.strip). */
	bool strips;
};

/*
 * What a kind that said WAIT has found: NONE, OK or BAD, never WAIT. Once; q
 * may have ended when it returns.
 */
void authenticate_answer(struct auth_try *t, enum auth_verdict v);

/*
 * One more, or one less, waits. False: too many do already, which is
 * WHY_AUTH_UNAVAILABLE.
 */
bool authenticate_waits_more(struct env *e);
void authenticate_waits_less(struct env *e);

/* The kinds, one file each. */
extern const struct auth_ops auth_jwt, auth_api_key, auth_basic, auth_mtls,
    auth_introspection, auth_forward;

/* The authenticator that q waits for; NULL: for none. */
const struct img_auth *authenticate_awaits(const struct req *q);

/* The filter. */
enum verdict authenticate_request(struct req *q);

#endif
