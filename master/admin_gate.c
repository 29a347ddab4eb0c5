/*
 * admin_gate.c - see admin_gate.h. The token is compared in a time that says
 * nothing of it but its length.
 */
#include "master/admin_gate.h"

#include <openssl/crypto.h>

static struct slice
token_of(const struct region *r)
{
	const struct img_head *img = reload_current(r);

	if (img == NULL)
		return SLICE_NONE;
	return slice_make(
	    r->secrets + ((const char *)img - r->images) + img->admin_token.off,
	    img->admin_token.len);
}

/* What stands behind "Bearer"; empty: there is none. */
static struct slice
bearer_of(struct slice authorization)
{
	const struct slice scheme = SLICE_LIT("Bearer ");

	if (authorization.n < scheme.n ||
	    !slice_eq_nocase(slice_make(authorization.p, scheme.n), scheme))
		return SLICE_NONE;
	return slice_trim(slice_skip(authorization, scheme.n));
}

bool
admin_gate_passes(
    struct admin *a, const struct admin_request *q, struct admin_reply *r)
{
	struct slice token = token_of(&a->in->region);
	struct slice given = bearer_of(q->authorization);

	if (token.n == 0) {
		admin_reply_problem(r, 403,
		    SLICE_LIT("the API is on admin.socket alone: there is no "
			      "admin.token_file"));
		return false;
	}
	if (given.n == token.n && CRYPTO_memcmp(given.p, token.p, token.n) == 0)
		return true;
	admin_reply_problem(r, 401,
	    given.n == 0 ? SLICE_LIT("the API needs the token of "
				     "admin.token_file, as a bearer")
			 : SLICE_LIT("the token is another one"));
	r->challenge = given.n == 0
	    ? "Bearer realm=\"penstock admin\""
	    : "Bearer realm=\"penstock admin\", error=\"invalid_token\"";
	return false;
}
