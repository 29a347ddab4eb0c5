/*
 * keyset.h - keys that signatures are verified with, as one relocatable block:
 * made by the loader (of PEM files, secrets, JWKS files) or the master (of what
 * it fetched), read by workers in shared memory.
 *
 * Public keys are SubjectPublicKeyInfo in DER; secrets are their bytes. A set
 * is bounds-checked once (keyset_check) by whoever maps it.
 */
#ifndef COMMON_JOSE_KEYSET_H
#define COMMON_JOSE_KEYSET_H

#include "common/base/json_read.h"
#include "common/base/text.h"
#include "common/jose/jose.h"

#define KEYSET_MAGIC 0x7465737965736f6au
#define KEYSET_KEYS_MAX 256
#define KEYSET_BYTES_MAX (1u << 20)

struct keyset_key {
	uint32_t kind;         /* enum jose_key */
	uint32_t algs;         /* what it may be used for: never empty */
	uint32_t kid, kid_len; /* len 0: it has none */
	uint32_t at, len;      /* of the key's bytes */
	uint8_t hash[32];      /* of kind, algs and bytes: caches go by it */
};

struct keyset {
	uint64_t magic;
	uint32_t bytes, count;
	uint8_t hash[32]; /* of all behind it */
	struct keyset_key key[];
};

/* ---- made ---- */

/* A growing set; its texts are wiped when it ends. */
struct keyset_build {
	struct keyset_key keys[KEYSET_KEYS_MAX];
	uint32_t count;
	struct text bytes;
	char why[160]; /* what the last sentence was written to */
};

void keyset_build_init(struct keyset_build *b);
void keyset_build_fini(struct keyset_build *b);

/*
 * Each adds a key; NULL, or a sentence about what is wrong with it, without a
 * subject ("is an RSA key of 1024 bits: 2048 are the least"). `algs` 0: all
 * that fit it; else those of them that fit, of which there must be one. kid may
 * be empty. Two keys of one kid (and kind) are refused. A sentence lasts until
 * the next call.
 */
const char *keyset_add_secret(struct keyset_build *b, struct slice kid,
    uint32_t algs, struct slice secret);
/* PEM or DER: a public key, a certificate, or (refused) a private key. */
const char *keyset_add_public(
    struct keyset_build *b, struct slice kid, uint32_t algs, struct slice text);

/*
 * All keys of a JWK Set (RFC 7517 5) that are usable: kty, crv, alg, use "sig",
 * key_ops "verify" are looked at strictly; keys for other uses, of kinds that
 * are not known and of sizes that are not taken are left out (RFC 7517 5),
 * counted in *skipped; so are those that fit none of `algs`. Keys that are
 * wrong, a private key among them, refuse the whole set, and so does none that
 * is left. `symmetric`: "oct" is taken, too (a file that the operator wrote,
 * never a url). NULL, or a sentence: then nothing was added.
 */
const char *keyset_add_jwks(struct keyset_build *b, struct slice text,
    uint32_t algs, bool symmetric, uint32_t *skipped);

/* The block, on the heap; its bytes are in set->bytes. */
struct keyset *keyset_make(const struct keyset_build *b);
/* Wiped before it is given back; NULL is fine. */
void keyset_free(struct keyset *s);

/* ---- read ---- */

/* Everything lies within n bytes. */
bool keyset_check(const struct keyset *s, size_t n);

static inline struct slice
keyset_kid(const struct keyset *s, const struct keyset_key *k)
{
	return slice_make((const char *)s + k->kid, k->kid_len);
}

static inline struct slice
keyset_bytes(const struct keyset *s, const struct keyset_key *k)
{
	return slice_make((const char *)s + k->at, k->len);
}

/* The public keys of a set as a JWK Set for others to read; no secrets. */
void keyset_write_jwks(const struct keyset *s, struct text *out);

#endif
