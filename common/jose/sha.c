/*
 * sha.c - see sha.h.
 */
/* A context of EVP is made anew for each digest (OpenSSL 3.0), and costs more
 * than a block of it; the deprecated calls work in place. */
#define OPENSSL_SUPPRESS_DEPRECATED

#include "common/jose/sha.h"

#include <openssl/sha.h>

#include "common/base/must.h"

static void
sha256_digest(struct slice text, uint8_t *out)
{
	SHA256_CTX ctx;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, text.p, text.n);
	SHA256_Final(out, &ctx);
}

/* SHA-384 is SHA-512 from another start, cut. */
static void
sha512_digest(size_t bytes, struct slice text, uint8_t *out)
{
	SHA512_CTX ctx;

	if (bytes == SHA384_BYTES)
		SHA384_Init(&ctx);
	else
		SHA512_Init(&ctx);
	SHA512_Update(&ctx, text.p, text.n);
	SHA512_Final(out, &ctx);
}

void
sha_digest(size_t bytes, struct slice text, uint8_t *out)
{
	MUST(bytes == SHA256_BYTES || bytes == SHA384_BYTES ||
	    bytes == SHA512_BYTES);
	if (bytes == SHA256_BYTES)
		sha256_digest(text, out);
	else
		sha512_digest(bytes, text, out);
}

void
sha256_both(struct slice text, size_t part, struct slice more,
    uint8_t of_part[SHA256_BYTES], uint8_t all[SHA256_BYTES])
{
	SHA256_CTX ctx, of;

	SHA256_Init(&ctx);
	SHA256_Update(&ctx, text.p, part);
	if (part != 0) {
		of = ctx;
		SHA256_Final(of_part, &of);
	}
	text = slice_skip(text, part);
	SHA256_Update(&ctx, text.p, text.n);
	SHA256_Update(&ctx, more.p, more.n);
	SHA256_Final(all, &ctx);
}
