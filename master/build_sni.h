/*
 * build_sni.h - which certificate of a listener a client gets: by the name that
 * it asks for, or without one.
 */
#ifndef MASTER_BUILD_SNI_H
#define MASTER_BUILD_SNI_H

#include "master/build_image.h"
#include "master/conf.h"

/* The names of all certificates: struct img_sni, as img_tls.names has them. */
struct img_span build_sni_names(
    struct image *im, const struct conf *c, const struct conf_tls *t);

/* The first, and those of other kinds of key that stand in for it: uint32_t. */
struct img_span build_sni_first(
    struct image *im, const struct conf *c, const struct conf_tls *t);

#endif
