/*
 * key_form.h - what a key is, and whether it is one that signatures may rest
 * on: the one place where kinds, curves and sizes are looked at.
 */
#ifndef COMMON_JOSE_KEY_FORM_H
#define COMMON_JOSE_KEY_FORM_H

#include <openssl/evp.h>

#include "common/jose/jose.h"

#define KEY_WHY_BYTES 160

enum key_form {
	KEY_FITS,
	KEY_UNFIT, /* of a kind or size that is not taken */
	KEY_WRONG, /* broken: nobody should use it */
};

/*
 * Looks at the public part. Unless it fits, `why` says what is the matter, as
 * keyset.h words it.
 */
enum key_form
key_form(EVP_PKEY *pkey, enum jose_key *kind, char why[KEY_WHY_BYTES]);

/* A block of PEM begins somewhere in the text. */
static inline bool
key_is_pem(struct slice text)
{
	return text.p != NULL &&
	    memmem(text.p, text.n, "-----BEGIN ", 11) != NULL;
}

/* "P-256", "RSA", ... for sentences; as "crv" for those that have one. */
const char *key_kind_name(enum jose_key kind);

#endif
