/*
 * audit_chain.h - the hash that ties each line of an audit log to the one
 * before it:
 *
 *	hash = SHA-256(hash of the line before | this line up to its hash)
 *
 * or HMAC-SHA-256 of the same, with a key. Hashes go in as they are written:
 * 64 digits of base 16. Before the first line there are 64 zeroes.
 */
#ifndef TOOLS_AUDIT_CHAIN_H
#define TOOLS_AUDIT_CHAIN_H

#include <openssl/evp.h>
#include <stdbool.h>

#include "common/base/slice.h"
#include "shm/audit.h"

#define AUDIT_HASH 64

struct audit_chain {
	EVP_MD_CTX *md;
	EVP_MAC_CTX *mac; /* NULL: no key */
};

/*
 * key_file NULL: without a key; else its bytes up to the end of line that it
 * may end with. False: *why is a half sentence; nothing is to be freed.
 */
bool
audit_chain_init(struct audit_chain *c, const char *key_file, const char **why);
void audit_chain_fini(struct audit_chain *c);

static inline bool
audit_chain_keyed(const struct audit_chain *c)
{
	return c->mac != NULL;
}

/* prev and out may be the same. False: no memory. */
bool audit_chain_hash(const struct audit_chain *c, const char prev[AUDIT_HASH],
    struct slice body, char out[AUDIT_HASH]);

#endif
