/*
 * jwks.h - key sets that authenticators have at an url: fetched when the
 * configuration first names them, again in time, and when a worker met a key
 * that the set does not have.
 *
 *	prepare(image)  sets that are new are fetched; a reload waits for them
 *	publish(image)  just before the image is published: what was fetched,
 *	                or nothing where the url is another one than before
 *	follow(image)   it is in force: what it does not name is forgotten
 *	look            a worker has woken the master
 *
 * The last good set stays, whatever happens to its url: it is in shared memory
 * with the url that it is from, for a successor, too.
 */
#ifndef MASTER_JWKS_H
#define MASTER_JWKS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/jose/keyset.h"
#include "master/fetch.h"
#include "shm/image.h"
#include "shm/keysets.h"
#include "shm/region.h"

#define JWKS_SOURCE 32 /* bytes: a hash of the url */

struct jwks;

struct jwks_owner {
	/* All sets that a reload waits for have come, or have not. */
	void (*settled)(struct jwks *j);
	/* A slot holds something else than before. */
	void (*published)(struct jwks *j);
};

struct jwks {
	struct loop *loop;
	struct region *region;
	struct fetcher *fetcher;
	const struct jwks_owner *owner;
	struct list sets; /* struct jwks_set, in order of the configuration */
	bool awaiting;    /* `settled` is to be told */
	uint64_t random;
};

struct jwks_set {
	struct list link;
	struct jwks *jwks;
	/* Which one it is: of this authenticator, at this url. */
	char *name, *url;
	uint8_t source[JWKS_SOURCE];
	/* As configured. */
	uint32_t slot;
	uint64_t refresh_us, cooldown_us, timeout_us;
	struct text cas;
	bool wanted; /* the image in force names it */
	bool kept;   /* for jwks.c: it was named just now */
	/* What goes on. */
	struct timer due;
	struct fetch *fetch; /* NULL: none */
	bool awaited;        /* a reload waits for its first answer */
	/* What was fetched: a struct keyset, then the source; empty: nothing
	 * yet, by this master. */
	struct text made;
	int64_t fetched_us; /* wall clock; 0: never */
	uint32_t keys, skipped;
	/* How it went. */
	uint64_t ok, failed;
	uint32_t fails; /* in a row */
	char why[FETCH_WHY_MAX];
};

/* The pointers outlive it. */
void jwks_init(struct jwks *j, struct loop *loop, struct region *r,
    struct fetcher *fetcher, const struct jwks_owner *owner);
void jwks_fini(struct jwks *j);

/* True: there are new ones, `settled` is told later. */
bool jwks_prepare(struct jwks *j, const struct img_head *img);
/* img has its slots. */
void jwks_publish(struct jwks *j, const struct img_head *img);
/* img may be NULL: none. */
void jwks_follow(struct jwks *j, const struct img_head *img);
void jwks_look(struct jwks *j);

/* Those that are in force; start with NULL, NULL at the end. */
struct jwks_set *jwks_next(struct jwks *j, struct jwks_set *s);

/* What the slot holds, if it is of s; NULL: nothing. */
const struct keyset *jwks_keys(const struct jwks_set *s);

/* The url without what may be secret in it. */
struct slice jwks_url(const struct jwks_set *s);

#endif
