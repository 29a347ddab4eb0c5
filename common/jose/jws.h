/*
 * jws.h - the outside of a token: JWS in its compact form (RFC 7515 3.1, 7.1),
 * taken apart without believing any of it.
 *
 * Refused before anything is looked up: more than JWS_BYTES_MAX, not three
 * parts of which none is empty, base64url that is not canonical, a header that
 * is not a JSON object as json_read takes it, alg, kid or typ that are no
 * strings without control characters, "crit" (RFC 7515 4.1.11: none is
 * understood here), "b64", "zip". Other members are ignored (RFC 7515 4):
 * "jku", "jwk", "x5u", "x5c", "x5t" are never followed.
 */
#ifndef COMMON_JOSE_JWS_H
#define COMMON_JOSE_JWS_H

#include "common/jose/jose.h"

#define JWS_BYTES_MAX 16384
#define JWS_KID_MAX 255

enum jws_result {
	JWS_OK,
	JWS_MALFORMED, /* not a token, or one that is refused unseen */
	JWS_ALGORITHM, /* of an algorithm that nobody here has */
	JWS_CRITICAL,  /* crit, b64, zip: more than is understood here */
};

struct jws {
	enum jose_alg alg;
	struct slice input;     /* header "." payload: what is signed */
	struct slice signature; /* decoded */
	struct slice payload;   /* decoded, not looked at */
	struct slice kid;       /* empty: none was given */
	struct slice typ;       /* likewise */
	/* The digest of input, for who has it already; else NULL. */
	const uint8_t *sha256;
};

/*
 * Takes it apart. Slices of the result are in the token or in room, which has
 * text.n bytes.
 */
enum jws_result jws_parse(struct slice text, char *room, struct jws *out);

#endif
