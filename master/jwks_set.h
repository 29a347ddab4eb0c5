/*
 * jwks_set.h - one key set, for jwks*.c alone.
 */
#ifndef MASTER_JWKS_SET_H
#define MASTER_JWKS_SET_H

#include "master/jwks.h"

struct jwks_set *
jwks_set_new(struct jwks *j, struct slice name, struct slice url);
void jwks_set_free(struct jwks_set *s);

/* Fetches it now, unless that goes on already. */
void jwks_set_fetch(struct jwks_set *s);

/*
 * The slot is to hold what was fetched; when that is nothing yet, at least
 * nothing of another url.
 */
void jwks_set_publish(struct jwks_set *s);

/* Fetches it if a worker wants it. */
void jwks_set_look(struct jwks_set *s);

/* In jwks.c: one that was awaited has had its answer. */
void jwks_tell_settled(struct jwks *j);

#endif
