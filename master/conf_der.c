/*
 * conf_der.c - see conf_der.h.
 */
#include "master/conf_der.h"

#include <openssl/evp.h>

#include "common/base/must.h"
#include "common/net/tls.h"

/* What libcrypto has encoded; ends it. */
static void
add_encoded(struct text *list, unsigned char *der, int n)
{
	MUST(n > 0);
	tls_der_add(list, der, (size_t)n);
	OPENSSL_free(der);
}

void
conf_der_add_certificate(struct text *list, X509 *cert)
{
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);

	add_encoded(list, der, n);
}

void
conf_der_add_crl(struct text *list, X509_CRL *crl)
{
	unsigned char *der = NULL;
	int n = i2d_X509_CRL(crl, &der);

	add_encoded(list, der, n);
}

void
conf_der_hash(const struct slice *parts, size_t n, uint8_t hash[32])
{
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	MUST(md != NULL);
	MUST(EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1);
	for (size_t i = 0; i < n; i++) {
		uint64_t bytes = parts[i].n;

		MUST(EVP_DigestUpdate(md, &bytes, sizeof(bytes)) == 1);
		MUST(EVP_DigestUpdate(md, parts[i].p, parts[i].n) == 1);
	}
	MUST(EVP_DigestFinal_ex(md, hash, NULL) == 1);
	EVP_MD_CTX_free(md);
}
