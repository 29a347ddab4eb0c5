/*
 * mac.c - see mac.h. A context that is begun anew keeps its key, which is a
 * third of the cost of one that is made.
 */
#include "common/jose/mac.h"

#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

struct mac {
	EVP_MAC_CTX *ctx;
};

static EVP_MAC_CTX *
mac_begin(const uint8_t *key)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx != NULL && EVP_MAC_init(ctx, key, MAC_BYTES, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	ERR_clear_error();
	return NULL;
}

struct mac *
mac_new(const uint8_t key[MAC_BYTES])
{
	struct mac *m = malloc(sizeof(*m));

	if (m == NULL)
		return NULL;
	m->ctx = mac_begin(key);
	if (m->ctx != NULL)
		return m;
	free(m);
	return NULL;
}

void
mac_free(struct mac *m)
{
	if (m == NULL)
		return;
	EVP_MAC_CTX_free(m->ctx);
	free(m);
}

bool
mac_make(struct mac *m, struct slice bytes, uint8_t out[MAC_BYTES])
{
	size_t n = MAC_BYTES;
	bool made = EVP_MAC_init(m->ctx, NULL, 0, NULL) == 1 &&
	    EVP_MAC_update(m->ctx, (const unsigned char *)bytes.p, bytes.n) ==
		1 &&
	    EVP_MAC_final(m->ctx, out, &n, MAC_BYTES) == 1;

	if (!made)
		ERR_clear_error();
	return made;
}
