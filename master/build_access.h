/*
 * build_access.h - who may do what, in the image: authenticators, tokens that
 * the gateway signs, header fields that it alone sets.
 */
#ifndef MASTER_BUILD_ACCESS_H
#define MASTER_BUILD_ACCESS_H

#include "master/build_image.h"
#include "master/build_secret.h"
#include "master/conf.h"

/* Into the head: all of img_access but roles and what routes demand. */
void
build_access(struct image *im, const struct conf *c, struct secrets *secrets);

/* What build_access has put into the secrets, in the same order. */
void build_access_secrets(const struct conf *c, struct secrets *secrets);

/* Index in img_access.service_tokens; IMG_NONE: the service gets none. */
uint32_t build_service_token_index(const struct conf *c, size_t service);

/* The names, each once in the image. */
struct img_span
build_strings(struct image *im, const struct conf_strings *names);

#endif
