/*
 * build_secret.h - the secrets beside an image, that its records point into.
 *
 * They are laid out twice in the same order: while the image is built, for
 * their places, and once they are written.
 */
#ifndef MASTER_BUILD_SECRET_H
#define MASTER_BUILD_SECRET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/diag.h"
#include "master/conf.h"
#include "shm/img_ref.h"

struct secrets {
	char *p;     /* NULL: only their places are asked for */
	uint64_t at; /* where the next one goes */
};

/* Puts n bytes at the next place, which is aligned to 8. */
struct img_secret secrets_add(struct secrets *s, const void *bytes, size_t n);

/*
 * All of a conf's, in memory that OPENSSL_clear_free ends; NULL and 0 where
 * there are none. False with a complaint: too large.
 */
bool build_secrets(
    const struct conf *c, char **secrets, uint64_t *bytes, struct diag *d);

#endif
