/*
 * build_tls.h - certificates, keys and policies of TLS in the image, and the
 * secrets beside it that its records point into.
 */
#ifndef MASTER_BUILD_TLS_H
#define MASTER_BUILD_TLS_H

#include "master/build_image.h"
#include "master/build_secret.h"
#include "master/conf.h"

/*
 * Identities, trusts, the policies of listeners and services, and tickets, into
 * the head. Listener i with TLS has the policy build_tls_index(c, i).
 */
void build_tls(struct image *im, const struct conf *c, struct secrets *secrets);

/* What build_tls has put into the secrets, in the same order. */
void build_tls_secrets(const struct conf *c, struct secrets *secrets);

/* Index in img_head.tls and tls_outs; IMG_NONE: without TLS. */
uint32_t build_tls_index(const struct conf *c, size_t listener);
uint32_t build_tls_out_index(const struct conf *c, size_t service);

#endif
