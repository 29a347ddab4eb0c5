/*
 * cert_kit.h - certificates, authorities and revocation lists, made where they
 * are needed.
 */
#ifndef TESTS_UNIT_CERT_KIT_H
#define TESTS_UNIT_CERT_KIT_H

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdlib.h>

#include "common/base/must.h"
#include "common/net/tls.h"
#include "tests/unit/rsa_kit.h"

struct cert {
	X509 *x;
	EVP_PKEY *key;
};

struct cert_want {
	const char *cn;
	const char *san; /* as OpenSSL's configuration has it, or NULL */
	const struct cert *by;
	long serial;
	int from_days, to_days; /* 0: yesterday, in 30 days */
	bool ca, rsa;
};

static inline void
cert_extend(X509 *x, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	MUST(e != NULL);
	MUST(X509_add_ext(x, e, -1) == 1);
	X509_EXTENSION_free(e);
}

static inline struct cert
cert_make(const struct cert_want *w)
{
	struct cert c = { X509_new(),
		w->rsa ? rsa_kit_key() : EVP_EC_gen("P-256") };
	X509_NAME *name = X509_get_subject_name(c.x);
	int day = 86400;

	X509_set_version(c.x, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(c.x), w->serial);
	X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
	    (const unsigned char *)"penstock, tests", -1, -1, 0);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_UTF8, (const unsigned char *)w->cn, -1, -1, 0);
	X509_gmtime_adj(X509_getm_notBefore(c.x),
	    (w->from_days != 0 ? w->from_days : -1) * day);
	X509_gmtime_adj(
	    X509_getm_notAfter(c.x), (w->to_days != 0 ? w->to_days : 30) * day);
	X509_set_pubkey(c.x, c.key);
	X509_set_issuer_name(
	    c.x, X509_get_subject_name(w->by != NULL ? w->by->x : c.x));
	cert_extend(c.x, NID_basic_constraints,
	    w->ca ? "critical,CA:TRUE" : "CA:FALSE");
	if (w->san != NULL)
		cert_extend(c.x, NID_subject_alt_name, w->san);
	MUST(X509_sign(c.x, w->by != NULL ? w->by->key : c.key, EVP_sha256()) >
	    0);
	return c;
}

static inline void
cert_free(struct cert *c)
{
	X509_free(c->x);
	EVP_PKEY_free(c->key);
	*c = (struct cert){ 0 };
}

/* Adds a certificate to a list. */
static inline void
cert_put(struct text *list, const struct cert *c)
{
	unsigned char *der = NULL;
	int n = i2d_X509(c->x, &der);

	MUST(n > 0);
	tls_der_add(list, der, (size_t)n);
	OPENSSL_free(der);
}

/* PKCS #8. */
static inline void
cert_put_key(struct text *t, const struct cert *c)
{
	PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(c->key);
	unsigned char *der = NULL;
	int n = i2d_PKCS8_PRIV_KEY_INFO(info, &der);

	MUST(n > 0);
	text_add(t, slice_make((const char *)der, (size_t)n));
	OPENSSL_free(der);
	PKCS8_PRIV_KEY_INFO_free(info);
}

/* A list of `by`, in which `revoked` (may be NULL) is. */
static inline void
cert_put_crl(struct text *list, const struct cert *by,
    const struct cert *revoked, int to_days)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, -2 * 86400);
	unsigned char *der = NULL;
	int n;

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->x));
	X509_CRL_set1_lastUpdate(crl, t);
	if (revoked != NULL) {
		X509_REVOKED *r = X509_REVOKED_new();

		X509_REVOKED_set_serialNumber(
		    r, X509_get_serialNumber(revoked->x));
		X509_REVOKED_set_revocationDate(r, t);
		X509_CRL_add0_revoked(crl, r);
	}
	X509_gmtime_adj(t, to_days * 86400L);
	X509_CRL_set1_nextUpdate(crl, t);
	MUST(X509_CRL_sign(crl, by->key, EVP_sha256()) > 0);
	n = i2d_X509_CRL(crl, &der);
	MUST(n > 0);
	tls_der_add(list, der, (size_t)n);
	OPENSSL_free(der);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* c, then `via` (may be NULL). */
static inline struct tls_identity *
cert_identity_stapled(
    const struct cert *c, const struct cert *via, struct slice staple)
{
	struct text chain, key;
	struct tls_identity *i;

	text_init(&chain);
	text_init(&key);
	cert_put(&chain, c);
	if (via != NULL)
		cert_put(&chain, via);
	cert_put_key(&key, c);
	i = tls_identity_new(text_slice(&chain), text_slice(&key), staple);
	text_fini(&chain);
	text_fini(&key);
	MUST(i != NULL);
	return i;
}

static inline struct tls_identity *
cert_identity(const struct cert *c, const struct cert *via)
{
	return cert_identity_stapled(c, via, SLICE_NONE);
}

/* Belief in one, with lists (may be empty). */
static inline struct tls_trust *
cert_trust(const struct cert *ca, const struct text *crls)
{
	struct text cas;
	struct tls_trust *t;

	text_init(&cas);
	cert_put(&cas, ca);
	t = tls_trust_new(
	    text_slice(&cas), crls != NULL ? text_slice(crls) : SLICE_NONE);
	text_fini(&cas);
	MUST(t != NULL);
	return t;
}

#endif
