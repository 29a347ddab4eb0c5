/*
 * conf_der.h - lists of DER as workers read them (tls_der_next), and the hash
 * that content goes by.
 */
#ifndef MASTER_CONF_DER_H
#define MASTER_CONF_DER_H

#include <openssl/x509.h>

#include "common/base/slice.h"
#include "common/base/text.h"

void conf_der_add_certificate(struct text *list, X509 *cert);
void conf_der_add_crl(struct text *list, X509_CRL *crl);

/* SHA-256 over the parts, each behind its length. */
void conf_der_hash(const struct slice *parts, size_t n, uint8_t hash[32]);

#endif
