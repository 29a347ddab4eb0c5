/*
 * pem_kit.h - certificates in files of a folder of their own, for the tests of
 * the configuration.
 */
#ifndef TESTS_UNIT_MASTER_PEM_KIT_H
#define TESTS_UNIT_MASTER_PEM_KIT_H

#include <check.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/ocsp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/master/conf_try.h"
#include "tests/unit/rsa_kit.h"

#define PEM_DAY 86400L

struct pem {
	X509 *cert;
	EVP_PKEY *key;
};

struct pem_want {
	const char *cn;
	const char *names;    /* "DNS:a,DNS:b"; NULL: none */
	const char *key;      /* "P-256", "RSA-2048", ...; NULL: P-256 */
	const struct pem *by; /* NULL: itself */
	int from_days, days;  /* 0: from yesterday, for 90 days */
	bool ca, client;
	const char *digest; /* NULL: SHA-256 */
};

struct pem_folder {
	char path[64], conf[96];
};

static inline void
pem_folder_make(struct pem_folder *f)
{
	snprintf(f->path, sizeof(f->path), "/tmp/penstock-pem-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(f->path));
	snprintf(f->conf, sizeof(f->conf), "%s/p.conf", f->path);
}

static inline void
pem_folder_drop(const struct pem_folder *f)
{
	char command[96];

	snprintf(command, sizeof(command), "rm -r %s", f->path);
	ck_assert_int_eq(system(command), 0);
}

static inline FILE *
pem_open(const struct pem_folder *f, const char *name, const char *mode)
{
	char path[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", f->path, name);
	file = fopen(path, mode);
	ck_assert_ptr_nonnull(file);
	return file;
}

static inline EVP_PKEY *
pem_key(const char *kind)
{
	EVP_PKEY *key;

	if (strcmp(kind, "RSA-2048") == 0)
		key = rsa_kit_key();
	else if (strncmp(kind, "RSA-", 4) == 0)
		key = EVP_PKEY_Q_keygen(
		    NULL, NULL, "RSA", (size_t)atoi(kind + 4));
	else if (strcmp(kind, "Ed25519") == 0)
		key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	else
		key = EVP_PKEY_Q_keygen(NULL, NULL, "EC", kind);
	ck_assert_ptr_nonnull(key);
	return key;
}

static inline void
pem_extend(X509 *cert, int nid, const char *value)
{
	X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

	ck_assert_ptr_nonnull(e);
	ck_assert_int_eq(X509_add_ext(cert, e, -1), 1);
	X509_EXTENSION_free(e);
}

static inline void
pem_sign(X509 *cert, EVP_PKEY *key, const char *digest)
{
	const EVP_MD *md = EVP_get_digestbyname(digest);

	if (EVP_PKEY_is_a(key, "ED25519"))
		md = NULL;
	ck_assert_int_gt(X509_sign(cert, key, md), 0);
}

static inline struct pem
pem_make(const struct pem_want *w)
{
	static long serial;
	struct pem p = { X509_new(), pem_key(w->key ? w->key : "P-256") };
	const struct pem *by = w->by != NULL ? w->by : &p;
	X509_NAME *name = X509_get_subject_name(p.cert);

	X509_set_version(p.cert, 2);
	ASN1_INTEGER_set(X509_get_serialNumber(p.cert), ++serial);
	X509_NAME_add_entry_by_txt(
	    name, "CN", MBSTRING_ASC, (const unsigned char *)w->cn, -1, -1, 0);
	X509_set_issuer_name(p.cert, X509_get_subject_name(by->cert));
	X509_gmtime_adj(X509_getm_notBefore(p.cert),
	    (w->from_days != 0 ? w->from_days : -1) * PEM_DAY);
	X509_gmtime_adj(X509_getm_notAfter(p.cert),
	    (w->days != 0 ? w->days : 90) * PEM_DAY + 60);
	X509_set_pubkey(p.cert, p.key);
	pem_extend(p.cert, NID_basic_constraints,
	    w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
	if (!w->ca)
		pem_extend(p.cert, NID_ext_key_usage,
		    w->client ? "clientAuth" : "serverAuth");
	if (w->names != NULL)
		pem_extend(p.cert, NID_subject_alt_name, w->names);
	pem_sign(p.cert, by->key, w->digest != NULL ? w->digest : "SHA256");
	return p;
}

static inline void
pem_free(struct pem *p)
{
	X509_free(p->cert);
	EVP_PKEY_free(p->key);
}

static inline void
pem_add_cert(const struct pem_folder *f, const char *name, const struct pem *p)
{
	FILE *file = pem_open(f, name, "a");

	ck_assert_int_eq(PEM_write_X509(file, p->cert), 1);
	ck_assert_int_eq(fclose(file), 0);
}

/* With a password: encrypted. */
static inline void
pem_add_key(const struct pem_folder *f, const char *name, const struct pem *p,
    const char *password)
{
	FILE *file = pem_open(f, name, "a");

	ck_assert_int_eq(PEM_write_PKCS8PrivateKey(file, p->key,
			     password != NULL ? EVP_aes_256_cbc() : NULL,
			     password, password != NULL ? 1 : 0, NULL, NULL),
	    1);
	ck_assert_int_eq(fclose(file), 0);
}

/* NAME.pem and NAME.key of a new certificate, `above` behind it. */
static inline struct pem
pem_put(const struct pem_folder *f, const char *name, const struct pem_want *w,
    const struct pem *above)
{
	struct pem p = pem_make(w);
	char file[64];

	snprintf(file, sizeof(file), "%s.pem", name);
	pem_add_cert(f, file, &p);
	if (above != NULL)
		pem_add_cert(f, file, above);
	snprintf(file, sizeof(file), "%s.key", name);
	pem_add_key(f, file, &p, NULL);
	return p;
}

/* A list by `by`, good for so many days, added to a file. */
static inline void
pem_add_crl(const struct pem_folder *f, const char *name, const struct pem *by,
    int days)
{
	X509_CRL *crl = X509_CRL_new();
	ASN1_TIME *t = X509_gmtime_adj(NULL, -9 * PEM_DAY);
	FILE *file = pem_open(f, name, "a");

	X509_CRL_set_version(crl, 1);
	X509_CRL_set_issuer_name(crl, X509_get_subject_name(by->cert));
	X509_CRL_set1_lastUpdate(crl, t);
	X509_gmtime_adj(t, days * PEM_DAY);
	X509_CRL_set1_nextUpdate(crl, t);
	ck_assert_int_gt(X509_CRL_sign(crl, by->key, EVP_sha256()), 0);
	ck_assert_int_eq(PEM_write_X509_CRL(file, crl), 1);
	ck_assert_int_eq(fclose(file), 0);
	ASN1_TIME_free(t);
	X509_CRL_free(crl);
}

/* What `by` says about p. */
static inline void
pem_put_ocsp(const struct pem_folder *f, const char *name, const struct pem *p,
    const struct pem *by, int status, int days)
{
	OCSP_BASICRESP *basic = OCSP_BASICRESP_new();
	OCSP_CERTID *id = OCSP_cert_to_id(EVP_sha1(), p->cert, by->cert);
	ASN1_TIME *from = X509_gmtime_adj(NULL, -9 * PEM_DAY);
	ASN1_TIME *to = X509_gmtime_adj(NULL, days * PEM_DAY);
	OCSP_RESPONSE *response;
	FILE *file = pem_open(f, name, "w");
	unsigned char *der = NULL;
	int n;

	ck_assert_ptr_nonnull(OCSP_basic_add1_status(basic, id, status, 0,
	    status == V_OCSP_CERTSTATUS_REVOKED ? from : NULL, from, to));
	ck_assert_int_eq(
	    OCSP_basic_sign(basic, by->cert, by->key, EVP_sha256(), NULL, 0),
	    1);
	response = OCSP_response_create(OCSP_RESPONSE_STATUS_SUCCESSFUL, basic);
	n = i2d_OCSP_RESPONSE(response, &der);
	ck_assert_uint_eq(fwrite(der, 1, (size_t)n, file), (size_t)n);
	ck_assert_int_eq(fclose(file), 0);
	OPENSSL_free(der);
	ASN1_TIME_free(from);
	ASN1_TIME_free(to);
	OCSP_CERTID_free(id);
	OCSP_BASICRESP_free(basic);
	OCSP_RESPONSE_free(response);
}

static inline void
pem_put_text(
    const struct pem_folder *f, const char *name, const char *text, size_t n)
{
	FILE *file = pem_open(f, name, "w");

	ck_assert_uint_eq(fwrite(text, 1, n, file), n);
	ck_assert_int_eq(fclose(file), 0);
}

/* The configuration in the folder; its complaints without the folder. */
static inline void
pem_try(const struct pem_folder *f, struct conf_try *t, const char *text)
{
	size_t n = strlen(f->path);
	char *at;

	pem_put_text(f, "p.conf", text, strlen(text));
	conf_try_file(t, f->conf);
	while ((at = strstr(t->complaints, f->path)) != NULL)
		memmove(at, at + n + 1, strlen(at + n + 1) + 1);
}

static inline void
pem_expect(const struct pem_folder *f, const char *text, const char *complaints)
{
	struct conf_try t;

	pem_try(f, &t, text);
	ck_assert_str_eq(t.complaints, complaints);
	conf_try_fini(&t);
}

#endif
