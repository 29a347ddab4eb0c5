/*
 * audit_chain.c - see audit_chain.h.
 */
#include "tools/audit_chain.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/params.h>
#include <string.h>
#include <unistd.h>

#include "common/base/hex.h"

#define HASH_BYTES (AUDIT_HASH / 2)

/* ---- the key ---- */

/* How many bytes it has; 0: *why says what is wrong. */
static size_t
key_read(const char *path, char key[AUDIT_KEY_MAX + 2], const char **why)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd >= 0 ? read(fd, key, AUDIT_KEY_MAX + 2) : -1;

	*why = strerror(errno);
	if (fd >= 0)
		(void)close(fd);
	if (n < 0)
		return 0;
	if (n > 0 && key[n - 1] == '\n')
		n--;
	_Static_assert(AUDIT_KEY_MIN == 32 && AUDIT_KEY_MAX == 4096, "below");
	*why = "it must have 32 to 4096 bytes";
	return n >= AUDIT_KEY_MIN && n <= AUDIT_KEY_MAX ? (size_t)n : 0;
}

static EVP_MAC_CTX *
mac_begin(const char *key, size_t n)
{
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(
		    OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;

	EVP_MAC_free(mac);
	if (ctx != NULL &&
	    EVP_MAC_init(ctx, (const unsigned char *)key, n, params) == 1)
		return ctx;
	EVP_MAC_CTX_free(ctx);
	return NULL;
}

bool
audit_chain_init(struct audit_chain *c, const char *key_file, const char **why)
{
	char key[AUDIT_KEY_MAX + 2];
	size_t n = 0;

	*c = (struct audit_chain){ 0 };
	if (key_file != NULL && (n = key_read(key_file, key, why)) == 0)
		return false;
	*why = "no memory";
	c->md = EVP_MD_CTX_new();
	if (n != 0) {
		c->mac = mac_begin(key, n);
		OPENSSL_cleanse(key, n);
	}
	if (c->md != NULL && (n == 0 || c->mac != NULL))
		return true;
	audit_chain_fini(c);
	return false;
}

void
audit_chain_fini(struct audit_chain *c)
{
	EVP_MD_CTX_free(c->md);
	EVP_MAC_CTX_free(c->mac);
	*c = (struct audit_chain){ 0 };
}

/* ---- hashes ---- */

static bool
hash_plain(const struct audit_chain *c, const char *prev, struct slice body,
    unsigned char out[HASH_BYTES])
{
	return EVP_DigestInit_ex(c->md, EVP_sha256(), NULL) == 1 &&
	    EVP_DigestUpdate(c->md, prev, AUDIT_HASH) == 1 &&
	    EVP_DigestUpdate(c->md, body.p, body.n) == 1 &&
	    EVP_DigestFinal_ex(c->md, out, NULL) == 1;
}

static bool
hash_keyed(const struct audit_chain *c, const char *prev, struct slice body,
    unsigned char out[HASH_BYTES])
{
	size_t n = HASH_BYTES;

	return EVP_MAC_init(c->mac, NULL, 0, NULL) == 1 &&
	    EVP_MAC_update(c->mac, (const unsigned char *)prev, AUDIT_HASH) ==
	    1 &&
	    EVP_MAC_update(c->mac, (const unsigned char *)body.p, body.n) ==
	    1 &&
	    EVP_MAC_final(c->mac, out, &n, HASH_BYTES) == 1;
}

bool
audit_chain_hash(const struct audit_chain *c, const char prev[AUDIT_HASH],
    struct slice body, char out[AUDIT_HASH])
{
	unsigned char hash[HASH_BYTES];

	if (!(c->mac != NULL ? hash_keyed(c, prev, body, hash)
			     : hash_plain(c, prev, body, hash)))
		return false;
	hex_write(hash, HASH_BYTES, out);
	return true;
}
