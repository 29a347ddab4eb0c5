/*
 * keyset_public.c - public keys of files: PEM or DER, bare or in certificates.
 */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "common/jose/key_form.h"
#include "common/jose/keyset_add.h"

static const char private_key[] =
    "is a private key: what verifies needs the public one alone";

/* What a text was found to hold. */
struct found {
	EVP_PKEY *key;
	bool certificate; /* it is of one: those behind it are its chain */
	const char *why;
};

static EVP_PKEY *
spki_read(const unsigned char *der, long n)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, n);

	if (key != NULL && p != der + n) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

/* RSAPublicKey (RFC 8017 A.1.1). */
static EVP_PKEY *
pkcs1_read(const unsigned char *der, long n)
{
	const unsigned char *p = der;
	EVP_PKEY *key = d2i_PublicKey(EVP_PKEY_RSA, NULL, &p, n);

	if (key != NULL && p != der + n) {
		EVP_PKEY_free(key);
		return NULL;
	}
	return key;
}

static EVP_PKEY *
certificate_read(const unsigned char *der, long n)
{
	const unsigned char *p = der;
	X509 *x = d2i_X509(NULL, &p, n);
	EVP_PKEY *key = NULL;

	if (x != NULL && p == der + n)
		key = X509_get_pubkey(x);
	X509_free(x);
	return key;
}

static bool
is_private(const unsigned char *der, long n)
{
	EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &der, n);

	EVP_PKEY_free(key);
	return key != NULL;
}

static void
der_find(struct slice text, struct found *f)
{
	const unsigned char *der = (const unsigned char *)text.p;
	long n = (long)text.n;

	if (is_private(der, n)) {
		f->why = private_key;
		return;
	}
	f->key = spki_read(der, n);
	if (f->key == NULL)
		f->key = certificate_read(der, n);
	if (f->key == NULL)
		f->why = "is neither a public key nor a certificate, in PEM or "
			 "DER";
}

/* One block of PEM. */
static void
block_take(const char *label, const unsigned char *der, long n, struct found *f)
{
	bool certificate = strcmp(label, PEM_STRING_X509) == 0;

	if (strstr(label, "PRIVATE KEY") != NULL) {
		f->why = private_key;
		return;
	}
	if (certificate && f->key != NULL && f->certificate)
		return;
	if (f->key != NULL) {
		f->why = "holds more than one key";
		return;
	}
	f->certificate = certificate;
	if (certificate)
		f->key = certificate_read(der, n);
	else if (strcmp(label, PEM_STRING_PUBLIC) == 0)
		f->key = spki_read(der, n);
	else if (strcmp(label, PEM_STRING_RSA_PUBLIC) == 0)
		f->key = pkcs1_read(der, n);
	else
		f->why = "holds something that is neither a public key nor a "
			 "certificate";
	if (f->key == NULL && f->why == NULL)
		f->why = "holds a key that cannot be read";
}

static void
pem_find(struct slice text, struct found *f)
{
	BIO *bio = BIO_new_mem_buf(text.p, (int)text.n);
	char *label, *header;
	unsigned char *der;
	long n;

	while (bio != NULL && f->why == NULL &&
	    PEM_read_bio(bio, &label, &header, &der, &n) == 1) {
		block_take(label, der, n, f);
		OPENSSL_free(label);
		OPENSSL_free(header);
		OPENSSL_clear_free(der, (size_t)n);
	}
	if (f->why == NULL &&
	    (f->key == NULL ||
		ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE))
		f->why = "is PEM that is damaged";
	BIO_free(bio);
}

static const char *
found_add(struct keyset_build *b, const struct found *f, struct slice kid,
    uint32_t algs)
{
	char why[KEY_WHY_BYTES];
	enum jose_key kind;
	uint32_t fit;

	if (f->why != NULL)
		return keyset_say(b, "%s", f->why);
	if (key_form(f->key, &kind, why) != KEY_FITS)
		return keyset_say(b, "%s", why);
	fit = jose_key_algs(kind);
	return keyset_add_pkey(
	    b, kind, kid, algs != 0 ? algs & fit : fit, f->key);
}

const char *
keyset_add_public(
    struct keyset_build *b, struct slice kid, uint32_t algs, struct slice text)
{
	struct found f = { 0 };
	const char *why;

	ERR_clear_error();
	if (text.n == 0 || text.n > KEYSET_BYTES_MAX)
		f.why = "is empty or too large for a key";
	else if (key_is_pem(text))
		pem_find(text, &f);
	else
		der_find(text, &f);
	why = found_add(b, &f, kid, algs);
	EVP_PKEY_free(f.key);
	ERR_clear_error();
	return why;
}
