/*
 * token_make.c - tokens for the benchmark: RS256, one a line, all different,
 * of user-1, user-2 and so on.
 *
 * usage: token_make KEY TOKENS ROLE SECONDS
 * SECONDS is for how long they hold; a token of 0 seconds has expired.
 */
#include <inttypes.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "tests/bench/net.h"
#include "tests/bench/tls.h"

#define PART_MAX 1024

/* Appends base64url to a text; the end of it. */
static char *
base64url(char *to, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789-_";
	uint32_t word = 0;
	int bits = 0;

	for (size_t i = 0; i < length; i++) {
		word = word << 8 | bytes[i];
		for (bits += 8; bits >= 6; bits -= 6)
			*to++ = digits[word >> (bits - 6) & 63];
	}
	if (bits != 0)
		*to++ = digits[word << (6 - bits) & 63];
	*to = '\0';
	return to;
}

static EVP_PKEY *
key_read(const char *path)
{
	FILE *f = fopen(path, "r");
	EVP_PKEY *key;

	if (f == NULL)
		net_die(path);
	key = PEM_read_PrivateKey(f, NULL, NULL, NULL);
	fclose(f);
	if (key == NULL)
		tls_die(path);
	return key;
}

static char *
claims(char *to, uint64_t user, const char *role, long seconds)
{
	const long now = (long)time(NULL);
	char text[PART_MAX / 2];
	int n = snprintf(text, sizeof(text),
	    "{\"iss\":\"https://issuer.test\",\"aud\":\"api\","
	    "\"sub\":\"user-%" PRIu64 "\",\"email\":\"user-%" PRIu64
	    "@bench.test\",\"tenant_id\":\"acme\",\"roles\":[\"%s\"],"
	    "\"iat\":%ld,\"exp\":%ld,\"jti\":\"%08" PRIx64 "\"}",
	    user, user, role, now - 120,
	    seconds == 0 ? now - 60 : now + seconds, user);

	return base64url(to, (const unsigned char *)text, (size_t)n);
}

static void
token_print(EVP_PKEY *key, uint64_t user, const char *role, long seconds)
{
	static const char head[] =
	    "{\"alg\":\"RS256\",\"typ\":\"JWT\",\"kid\":\"k1\"}";
	unsigned char signature[512];
	size_t length = sizeof(signature);
	char token[4 * PART_MAX];
	char *end =
	    base64url(token, (const unsigned char *)head, sizeof(head) - 1);
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	*end++ = '.';
	end = claims(end, user, role, seconds);
	if (md == NULL ||
	    EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key) != 1 ||
	    EVP_DigestSign(md, signature, &length, (const unsigned char *)token,
		(size_t)(end - token)) != 1)
		tls_die("sign");
	EVP_MD_CTX_free(md);
	*end++ = '.';
	(void)base64url(end, signature, length);
	puts(token);
}

int
main(int argc, char **argv)
{
	EVP_PKEY *key;
	uint64_t count;

	if (argc != 5) {
		fputs("usage: token_make KEY TOKENS ROLE SECONDS\n", stderr);
		return 2;
	}
	key = key_read(argv[1]);
	count = net_number(argv[2]);
	for (uint64_t i = 1; i <= count; i++)
		token_print(key, i, argv[3], (long)net_number(argv[4]));
	EVP_PKEY_free(key);
	return 0;
}
