/*
 * issue_key.c - see issue_key.h.
 */
#include "common/jose/issue_key.h"

#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json_read.h"
#include "common/jose/base64url.h"
#include "common/jose/jws.h"

#define HEAD_MAX (48 + ISSUE_KID_MAX)
#define NUMBER_BYTES 32 /* of P-256 */
#define DER_MAX 80

struct issue_key {
	EVP_PKEY *pkey;
	char head[BASE64URL_TEXT(HEAD_MAX)]; /* encoded: the same each time */
	size_t head_n;
};

/* ---- the key ---- */

static EVP_PKEY *
pem_read(struct slice pem)
{
	BIO *bio =
	    pem.n <= JWS_BYTES_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
	char none[] = ""; /* instead of asking for a password */
	EVP_PKEY *key =
	    bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, NULL, none) : NULL;

	BIO_free(bio);
	return key;
}

static bool
is_p256(const EVP_PKEY *key)
{
	char group[32] = "";

	return key != NULL && EVP_PKEY_is_a(key, "EC") &&
	    EVP_PKEY_get_group_name(key, group, sizeof(group), NULL) == 1 &&
	    strcmp(group, "prime256v1") == 0;
}

/* It stands in the header as it is. */
static bool
kid_is_plain(struct slice kid)
{
	for (size_t i = 0; i < kid.n; i++) {
		char c = ascii_lower(kid.p[i]);

		if ((c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' &&
		    c != '_')
			return false;
	}
	return kid.n != 0 && kid.n <= ISSUE_KID_MAX;
}

static void
head_write(struct issue_key *k, struct slice kid)
{
	char buf[HEAD_MAX];
	struct text t;

	text_init_fixed(&t, buf, sizeof(buf));
	text_add(&t, SLICE_LIT("{\"alg\":\"ES256\",\"kid\":\""));
	text_add(&t, kid);
	text_add(&t, SLICE_LIT("\",\"typ\":\"JWT\"}"));
	k->head_n = base64url_encode(t.p, t.n, k->head);
}

struct issue_key *
issue_key_new(struct slice pem, struct slice kid)
{
	struct issue_key *k = NULL;
	EVP_PKEY *pkey = pem_read(pem);

	if (kid_is_plain(kid) && is_p256(pkey))
		k = calloc(1, sizeof(*k));
	if (k == NULL) {
		EVP_PKEY_free(pkey);
		ERR_clear_error();
		return NULL;
	}
	k->pkey = pkey;
	head_write(k, kid);
	return k;
}

void
issue_key_free(struct issue_key *k)
{
	if (k == NULL)
		return;
	EVP_PKEY_free(k->pkey);
	free(k);
}

/* ---- signatures ---- */

/* RFC 7518 3.4: both numbers, as long as they can be. */
static bool
numbers_write(const unsigned char *der, size_t n, uint8_t out[2 * NUMBER_BYTES])
{
	ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool ok = sig != NULL &&
	    BN_bn2binpad(ECDSA_SIG_get0_r(sig), out, NUMBER_BYTES) ==
		NUMBER_BYTES &&
	    BN_bn2binpad(ECDSA_SIG_get0_s(sig), out + NUMBER_BYTES,
		NUMBER_BYTES) == NUMBER_BYTES;

	ECDSA_SIG_free(sig);
	return ok;
}

static bool
text_sign(
    const struct issue_key *k, struct slice text, uint8_t out[2 * NUMBER_BYTES])
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char der[DER_MAX];
	size_t n = sizeof(der);
	bool ok = ctx != NULL &&
	    EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, k->pkey) == 1 &&
	    EVP_DigestSign(
		ctx, der, &n, (const unsigned char *)text.p, text.n) == 1 &&
	    numbers_write(der, n, out);

	EVP_MD_CTX_free(ctx);
	return ok;
}

bool
issue_by_key(struct issue_key *k, struct slice claims, struct text *out)
{
	size_t n = k->head_n + 1 + BASE64URL_TEXT(claims.n);
	size_t all = n + 1 + BASE64URL_TEXT(2 * NUMBER_BYTES);
	struct json_value v;
	uint8_t numbers[2 * NUMBER_BYTES];
	char *text;
	bool made;

	if (claims.n > JWS_BYTES_MAX || all > JWS_BYTES_MAX ||
	    !json_read_check(claims, &v) || v.kind != JSON_VALUE_OBJECT)
		return false;
	text = malloc(all);
	if (text == NULL)
		return false;
	memcpy(text, k->head, k->head_n);
	text[k->head_n] = '.';
	(void)base64url_encode(claims.p, claims.n, text + k->head_n + 1);
	made = text_sign(k, slice_make(text, n), numbers);
	if (made) {
		text[n] = '.';
		(void)base64url_encode(numbers, sizeof(numbers), text + n + 1);
		text_add(out, slice_make(text, all));
	}
	free(text);
	ERR_clear_error();
	return made;
}
