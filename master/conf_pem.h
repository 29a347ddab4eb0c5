/*
 * conf_pem.h - what PEM files hold, for people: every fault is a complaint.
 */
#ifndef MASTER_CONF_PEM_H
#define MASTER_CONF_PEM_H

#include <openssl/evp.h>
#include <openssl/x509.h>

#include "master/conf_source.h"

#define CONF_PEM_MAX 4096 /* certificates, or lists, in one file */

/* In the order of the file, at least one; NULL: complained. The caller frees
 * them with conf_pem_certificates_free. */
STACK_OF(X509) * conf_pem_certificates(const struct conf_source *s);
void conf_pem_certificates_free(STACK_OF(X509) * certs);

/* The first private key; NULL: complained. The caller frees it. */
EVP_PKEY *conf_pem_key(const struct conf_source *s);

/* Revocation lists, as certificates. */
STACK_OF(X509_CRL) * conf_pem_crls(const struct conf_source *s);
void conf_pem_crls_free(STACK_OF(X509_CRL) * crls);

/* Texts for complaints and records, in the conf's arena. RFC 4514. */
const char *conf_pem_name(struct conf *c, const X509_NAME *name);
/* "RSA 2048", "ECDSA P-256"; what it is called where it is another. */
const char *conf_pem_key_type(struct conf *c, EVP_PKEY *key);
/* "2026-01-31". */
const char *conf_pem_date(struct conf *c, int64_t seconds);

/* Seconds since 1970; INT64_MAX for a time that makes no sense. */
int64_t conf_pem_time(const ASN1_TIME *t);

#endif
