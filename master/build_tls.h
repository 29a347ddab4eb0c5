/*
 * build_tls.h - certificates, keys and policies of TLS in the image, and the
 * secrets beside it that its records point into.
 */
#ifndef MASTER_BUILD_TLS_H
#define MASTER_BUILD_TLS_H

#include "master/build_image.h"
#include "master/conf.h"

/*
 * Identities, trusts, the policies of listeners and services, and tickets, into
 * the head. Listener i with TLS has the policy build_tls_index(c, i).
 */
void build_tls(struct image *im, const struct conf *c);

/* Index in img_head.tls and tls_outs; IMG_NONE: without TLS. */
uint32_t build_tls_index(const struct conf *c, size_t listener);
uint32_t build_tls_out_index(const struct conf *c, size_t service);

/*
 * What the image's secrets are, in memory that OPENSSL_clear_free ends; NULL
 * and 0 where there are none. False with a complaint: too large.
 */
bool build_secrets(
    const struct conf *c, char **secrets, uint64_t *bytes, struct diag *d);

#endif
