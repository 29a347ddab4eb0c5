/*
 * auth_cache.h - credentials that were found good once: each worker's own, and
 * behind it the one of all workers (shm/tokens.h).
 *
 *	find:  private  ->  shared  ->  nothing: verify, then keep
 *
 * What is found is what was kept for the same text, by an authenticator of the
 * same hash, with keys of the same version. Whether the identity still holds is
 * for the caller, at every hit. Only good credentials are kept: a flood of bad
 * ones pushes nothing out.
 */
#ifndef WORKER_FILTER_AUTH_CACHE_H
#define WORKER_FILTER_AUTH_CACHE_H

#include "common/jose/sha.h"
#include "worker/flow/env.h"
#include "worker/flow/identity.h"

struct auth_cache;

/* Room for so much text and identities, at most; see env.auth_cache. */
struct auth_cache *auth_cache_new(struct env *e, size_t bytes);
void auth_cache_free(struct auth_cache *c);

/* What credentials are kept by; for one text and authenticator. */
struct auth_cache_key {
	const struct img_auth *auth;
	uint64_t version; /* of keys that change at their own pace; else 0 */
	struct slice text;
	/* In the worker's own level alone, and always: it is cheap to make, but
	 * that is cheaper. */
	bool own;
	bool dotted; /* what is in front of its last dot is signed */
	/* By find and keep, as they need it: SHA-256 of all of it (which is for
	 * them alone), and of so many bytes that are signed, if not 0. */
	bool hashed, placed;
	uint64_t place; /* the private level's hash */
	uint8_t hash[SHA256_BYTES], signed_hash[SHA256_BYTES];
	size_t signed_bytes;
};

#define AUTH_CACHE_TEXT_MAX 16384u /* longer ones are not kept */

/* A reference, or NULL. Never anything for an authenticator without cache. */
struct identity *
auth_cache_find(struct auth_cache *c, struct auth_cache_key *key);

/* The end of so many us from now, on the wall clock, for auth_cache_keep. */
static inline int64_t
auth_cache_until(uint64_t ttl_us)
{
	return (clock_wall().us + (int64_t)ttl_us) / 1000000;
}

/*
 * Keeps it (with a reference of its own) up to until_s on the wall clock;
 * INT64_MAX: as long as there is room. The shared level never beyond its
 * expiry.
 */
void auth_cache_keep(struct auth_cache *c, struct auth_cache_key *key,
    struct identity *id, int64_t until_s);

#endif
