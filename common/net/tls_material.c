/*
 * tls_material.c - certificates, keys and lists of revoked ones: from DER to
 * the library's objects, once for all connections.
 */
#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "common/net/tls_state.h"

/* The certificate that d is, and nothing behind it; NULL: it is none. */
static X509 *
certificate_read(struct slice d)
{
	const unsigned char *p = (const unsigned char *)d.p;
	X509 *x = d2i_X509(NULL, &p, (long)d.n);

	if (x != NULL && (const char *)p != d.p + d.n) {
		X509_free(x);
		return NULL;
	}
	/* What is worked out of its extensions is kept in it. */
	if (x != NULL)
		(void)X509_check_purpose(x, -1, 0);
	return x;
}

static EVP_PKEY *
key_read(struct slice key)
{
	const unsigned char *p = (const unsigned char *)key.p;
	PKCS8_PRIV_KEY_INFO *info =
	    d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)key.n);
	EVP_PKEY *k = info != NULL ? EVP_PKCS82PKEY(info) : NULL;

	PKCS8_PRIV_KEY_INFO_free(info);
	return k;
}

/* The leaf and what follows it. False when a certificate is not readable. */
static bool
identity_read_chain(struct tls_identity *i, struct slice chain)
{
	struct slice der;
	size_t at = 0;

	i->chain = sk_X509_new_null();
	while (i->chain != NULL && tls_der_next(chain, &at, &der)) {
		X509 *x = certificate_read(der);

		if (x == NULL)
			return false;
		if (i->leaf == NULL) {
			i->leaf = x;
		} else if (sk_X509_push(i->chain, x) == 0) {
			X509_free(x);
			return false;
		}
	}
	return i->leaf != NULL && at == chain.n;
}

static bool
identity_read(struct tls_identity *i, struct slice chain, struct slice key,
    struct slice staple)
{
	if (!identity_read_chain(i, chain))
		return false;
	i->key = key_read(key);
	if (i->key == NULL || X509_check_private_key(i->leaf, i->key) != 1)
		return false;
	if (staple.n == 0)
		return true;
	i->staple = OPENSSL_memdup(staple.p, staple.n);
	i->staple_bytes = staple.n;
	return i->staple != NULL;
}

struct tls_identity *
tls_identity_new(struct slice chain, struct slice key, struct slice staple)
{
	struct tls_identity *i = OPENSSL_zalloc(sizeof(*i));

	if (i == NULL)
		return NULL;
	i->refs = 1;
	if (!identity_read(i, chain, key, staple)) {
		tls_identity_free(i);
		i = NULL;
	}
	ERR_clear_error();
	return i;
}

struct tls_identity *
tls_identity_ref(struct tls_identity *i)
{
	i->refs++;
	return i;
}

void
tls_identity_free(struct tls_identity *i)
{
	if (i == NULL || --i->refs != 0)
		return;
	X509_free(i->leaf);
	sk_X509_pop_free(i->chain, X509_free);
	EVP_PKEY_free(i->key);
	OPENSSL_free(i->staple);
	OPENSSL_free(i);
}

bool
tls_identity_show(const struct tls_identity *i, SSL *ssl)
{
	return SSL_use_cert_and_key(ssl, i->leaf, i->key, i->chain, 1) == 1;
}

static bool
trust_add_name(struct tls_trust *t, const X509 *x)
{
	X509_NAME *name = X509_NAME_dup(X509_get_subject_name(x));

	if (name != NULL && sk_X509_NAME_push(t->names, name) != 0)
		return true;
	X509_NAME_free(name);
	return false;
}

static bool
trust_read_cas(struct tls_trust *t, struct slice cas)
{
	struct slice der;
	size_t at = 0;

	while (tls_der_next(cas, &at, &der)) {
		X509 *x = certificate_read(der);
		bool ok = x != NULL && X509_STORE_add_cert(t->store, x) == 1 &&
		    trust_add_name(t, x);

		X509_free(x);
		if (!ok)
			return false;
	}
	return at != 0 && at == cas.n;
}

static bool
trust_read_crls(struct tls_trust *t, struct slice crls)
{
	struct slice der;
	size_t at = 0;

	while (tls_der_next(crls, &at, &der)) {
		const unsigned char *p = (const unsigned char *)der.p;
		X509_CRL *crl = d2i_X509_CRL(NULL, &p, (long)der.n);
		bool ok = crl != NULL && X509_STORE_add_crl(t->store, crl) == 1;

		X509_CRL_free(crl);
		if (!ok)
			return false;
	}
	return at == crls.n;
}

static bool
trust_read(struct tls_trust *t, struct slice cas, struct slice crls)
{
	/* What is named is believed, be it a root or not. */
	unsigned long flags = X509_V_FLAG_PARTIAL_CHAIN;

	t->store = X509_STORE_new();
	t->names = sk_X509_NAME_new_null();
	if (t->store == NULL || t->names == NULL)
		return false;
	if (crls.n != 0)
		flags |= X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL;
	return X509_STORE_set_flags(t->store, flags) == 1 &&
	    trust_read_cas(t, cas) && trust_read_crls(t, crls);
}

struct tls_trust *
tls_trust_new(struct slice cas, struct slice crls)
{
	struct tls_trust *t = OPENSSL_zalloc(sizeof(*t));

	if (t == NULL)
		return NULL;
	t->refs = 1;
	if (!trust_read(t, cas, crls)) {
		tls_trust_free(t);
		t = NULL;
	}
	ERR_clear_error();
	return t;
}

struct tls_trust *
tls_trust_ref(struct tls_trust *t)
{
	t->refs++;
	return t;
}

void
tls_trust_free(struct tls_trust *t)
{
	if (t == NULL || --t->refs != 0)
		return;
	X509_STORE_free(t->store);
	sk_X509_NAME_pop_free(t->names, X509_NAME_free);
	OPENSSL_free(t);
}
