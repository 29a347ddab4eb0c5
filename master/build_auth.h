/*
 * build_auth.h - authenticators in the image, with their keys and holders.
 */
#ifndef MASTER_BUILD_AUTH_H
#define MASTER_BUILD_AUTH_H

#include "master/build_image.h"
#include "master/build_secret.h"
#include "master/conf.h"

void
build_auths(struct image *im, const struct conf *c, struct secrets *secrets);

/* What build_auths has put into the secrets, in the same order. */
void build_auths_secrets(const struct conf *c, struct secrets *secrets);

#endif
