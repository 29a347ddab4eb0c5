/*
 * claims.h - what a token says (RFC 7519 4), read by names that the caller
 * chooses, and the checks that do not depend on who is asking.
 */
#ifndef COMMON_JOSE_CLAIMS_H
#define COMMON_JOSE_CLAIMS_H

#include "common/base/json_read.h"

#define CLAIMS_NEVER INT64_MAX

enum claims_result {
	CLAIMS_OK,
	CLAIMS_MALFORMED, /* not an object, duplicates, a registered claim of
			     the wrong type */
	CLAIMS_EXPIRED,   /* exp */
	CLAIMS_EARLY,     /* nbf, or iat, is in the future */
	CLAIMS_ISSUER,
	CLAIMS_AUDIENCE,
	CLAIMS_MISSING, /* one of those that are required */
};

struct claims {
	struct json_members members; /* all of them */
	int64_t exp, nbf, iat;       /* seconds; CLAIMS_NEVER: not there */
	struct slice iss, sub, jti;  /* empty: not there */
	struct json_value
	    aud; /* a string or an array of them; text.n 0: none */
};

/* What is asked of them. */
struct claims_want {
	int64_t now_s, leeway_s;
	const struct slice *issuers; /* one of them; count 0: any */
	size_t issuer_count;
	const struct slice *audiences; /* one of them; count 0: any */
	size_t audience_count;
	const struct slice *required; /* names */
	size_t required_count;
};

/*
 * Reads and checks the registered claims. Texts are in payload or in room,
 * which has payload.n bytes (and is used from its start).
 */
enum claims_result claims_read(struct slice payload, char *room,
    const struct claims_want *want, struct claims *out);

/*
 * A claim by its name; "a.b" goes into an object when there is no member of
 * the whole name (realm_access.roles). False: it is not there, or null.
 */
bool claims_find(
    const struct json_value *all, struct slice path, struct json_value *v);

/* The same where the members are known. */
bool claims_find_in(
    const struct json_members *all, struct slice path, struct json_value *v);

#endif
