/*
 * conf_ocsp.h - OCSP responses that are stapled (RFC 6960, RFC 6066 8).
 */
#ifndef MASTER_CONF_OCSP_H
#define MASTER_CONF_OCSP_H

#include <openssl/x509.h>

#include "common/base/text.h"
#include "master/conf_source.h"

/*
 * Puts the response, which must be about the first of the chain, into *staple;
 * one that has expired is left out, with a warning. False: complained.
 */
bool conf_ocsp_take(
    const struct conf_source *s, STACK_OF(X509) * chain, struct text *staple);

#endif
