/*
 * sign_kit.h - tokens signed by OpenSSL alone, with all the ways to do it
 * wrong.
 */
#ifndef TESTS_UNIT_COMMON_JOSE_SIGN_KIT_H
#define TESTS_UNIT_COMMON_JOSE_SIGN_KIT_H

#include <openssl/ecdsa.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#include "common/jose/base64url.h"
#include "common/jose/jws.h"
#include "tests/unit/common/jose/key_kit.h"

#define KIT_PAYLOAD "{\"sub\":\"alice\",\"exp\":9000000000}"

static inline void
kit_encode(struct text *t, const void *bytes, size_t n)
{
	char *p = malloc(BASE64URL_TEXT(n) + 1);

	text_add(t, slice_make(p, base64url_encode(bytes, n, p)));
	free(p);
}

/* {"alg":ALG}.PAYLOAD */
static inline struct text
kit_input(const char *alg)
{
	struct text t, header;

	text_init(&header);
	text_printf(&header, "{\"alg\":\"%s\"}", alg);
	text_init(&t);
	kit_encode(&t, header.p, header.n);
	text_add_char(&t, '.');
	kit_encode(&t, KIT_PAYLOAD, sizeof(KIT_PAYLOAD) - 1);
	text_fini(&header);
	return t;
}

/* Puts the signature behind its input. */
static inline struct text
kit_signed(struct text input, const void *signature, size_t n)
{
	text_add_char(&input, '.');
	kit_encode(&input, signature, n);
	return input;
}

/* Of any key; salt and mgf1 for PSS alone. */
static inline size_t
kit_sign_raw(EVP_PKEY *pkey, const char *hash, bool pss, int salt,
    const char *mgf1, struct slice input, unsigned char *out, size_t room)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *pctx;

	ck_assert_int_eq(
	    EVP_DigestSignInit(ctx, &pctx,
		hash != NULL ? EVP_get_digestbyname(hash) : NULL, NULL, pkey),
	    1);
	if (pss) {
		ck_assert_int_eq(
		    EVP_PKEY_CTX_set_rsa_padding(pctx, RSA_PKCS1_PSS_PADDING),
		    1);
		ck_assert_int_eq(
		    EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, salt), 1);
		ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_mgf1_md(
				     pctx, EVP_get_digestbyname(mgf1)),
		    1);
	}
	ck_assert_int_eq(EVP_DigestSign(ctx, out, &room,
			     (const unsigned char *)input.p, input.n),
	    1);
	EVP_MD_CTX_free(ctx);
	return room;
}

/* r and s behind each other. */
static inline size_t
kit_ecdsa_raw(unsigned char *sig, size_t n, size_t size)
{
	const unsigned char *p = sig;
	ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &p, (long)n);

	ck_assert_ptr_nonnull(s);
	BN_bn2binpad(ECDSA_SIG_get0_r(s), sig, (int)size / 2);
	BN_bn2binpad(ECDSA_SIG_get0_s(s), sig + size / 2, (int)size / 2);
	ECDSA_SIG_free(s);
	return size;
}

static inline const char *
kit_hash(enum jose_alg alg)
{
	switch (alg) {
	case JOSE_EDDSA:
		return NULL;
	case JOSE_HS384:
	case JOSE_RS384:
	case JOSE_PS384:
	case JOSE_ES384:
		return "SHA384";
	case JOSE_HS512:
	case JOSE_RS512:
	case JOSE_PS512:
	case JOSE_ES512:
		return "SHA512";
	case JOSE_HS256:
	case JOSE_RS256:
	case JOSE_PS256:
	case JOSE_ES256:
	case JOSE_COUNT:
		break;
	}
	return "SHA256";
}

/* A token as it should be; the secret for HS*, else the key. */
static inline struct text
kit_token(enum jose_alg alg, EVP_PKEY *pkey, struct slice secret)
{
	struct slice name = jose_alg_name(alg);
	struct text input = kit_input(name.p);
	const char *hash = kit_hash(alg);
	bool pss = name.p[0] == 'P';
	unsigned char sig[JOSE_SIGNATURE_MAX];
	size_t n;

	if (name.p[0] == 'H') {
		unsigned hmac_n;

		HMAC(EVP_get_digestbyname(hash), secret.p, (int)secret.n,
		    (const unsigned char *)input.p, input.n, sig, &hmac_n);
		return kit_signed(input, sig, hmac_n);
	}
	n = kit_sign_raw(pkey, hash, pss, RSA_PSS_SALTLEN_DIGEST, hash,
	    text_slice(&input), sig, sizeof(sig));
	if (name.p[0] == 'E' && name.p[1] == 'S')
		n = kit_ecdsa_raw(sig, n,
		    alg == JOSE_ES256       ? 64
			: alg == JOSE_ES384 ? 96
					    : 132);
	return kit_signed(input, sig, n);
}

/*
 * OpenSSL's memory: kit_memory_left allocations succeed, then none; negative:
 * all do. kit_memory_watch comes first in main.
 */
static int kit_memory_left = -1;

static inline bool
kit_memory_take(void)
{
	if (kit_memory_left > 0)
		kit_memory_left--;
	return kit_memory_left != 0;
}

static void *
kit_malloc(size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return kit_memory_take() ? malloc(n) : NULL;
}

static void *
kit_realloc(void *p, size_t n, const char *file, int line)
{
	(void)file;
	(void)line;
	return kit_memory_take() ? realloc(p, n) : NULL;
}

static void
kit_free(void *p, const char *file, int line)
{
	(void)file;
	(void)line;
	free(p);
}

static inline void
kit_memory_watch(void)
{
	if (CRYPTO_set_mem_functions(kit_malloc, kit_realloc, kit_free) != 1)
		abort();
}

#endif
