/*
 * key_kit.h - keys and texts of them for tests of tokens.
 */
#ifndef TESTS_UNIT_COMMON_JOSE_KEY_KIT_H
#define TESTS_UNIT_COMMON_JOSE_KEY_KIT_H

#include <check.h>
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "common/base/text.h"
#include "common/jose/keyset.h"
#include "tests/unit/rsa_kit.h"

static inline struct text
kit_bio_text(BIO *bio)
{
	struct text t;
	char *p;
	long n = BIO_get_mem_data(bio, &p);

	text_init(&t);
	text_add(&t, slice_make(p, (size_t)n));
	/* For libjwt, which wants a length or a NUL. */
	text_add_char(&t, '\0');
	t.n--;
	BIO_free(bio);
	return t;
}

static inline struct text
kit_public_pem(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(PEM_write_bio_PUBKEY(bio, pkey), 1);
	return kit_bio_text(bio);
}

static inline struct text
kit_private_pem(EVP_PKEY *pkey)
{
	BIO *bio = BIO_new(BIO_s_mem());

	ck_assert_int_eq(
	    PEM_write_bio_PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL), 1);
	return kit_bio_text(bio);
}

static inline EVP_PKEY *
kit_rsa(unsigned bits, unsigned long exponent)
{
	EVP_PKEY_CTX *ctx;
	BIGNUM *e;
	EVP_PKEY *pkey = NULL;

	if (bits == 2048 && exponent == 65537)
		return rsa_kit_key();
	ctx = EVP_PKEY_CTX_new_id(EVP_PKEY_RSA, NULL);
	e = BN_new();
	ck_assert_int_eq(BN_set_word(e, exponent), 1);
	ck_assert_int_eq(EVP_PKEY_keygen_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_keygen_bits(ctx, (int)bits), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set1_rsa_keygen_pubexp(ctx, e), 1);
	ck_assert_int_eq(EVP_PKEY_generate(ctx, &pkey), 1);
	EVP_PKEY_CTX_free(ctx);
	BN_free(e);
	return pkey;
}

static inline EVP_PKEY *
kit_ec(const char *group)
{
	EVP_PKEY *pkey = EVP_EC_gen(group);

	ck_assert_ptr_nonnull(pkey);
	return pkey;
}

static inline EVP_PKEY *
kit_ed25519(void)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	ck_assert_ptr_nonnull(pkey);
	return pkey;
}

/* A set of this one public key. */
static inline struct keyset *
kit_set_of(EVP_PKEY *pkey, uint32_t algs)
{
	struct text pem = kit_public_pem(pkey);
	struct keyset_build b;
	struct keyset *s;
	const char *why;

	keyset_build_init(&b);
	why = keyset_add_public(&b, SLICE_LIT("k1"), algs, text_slice(&pem));
	ck_assert_msg(why == NULL, "%s", why);
	s = keyset_make(&b);
	keyset_build_fini(&b);
	text_fini(&pem);
	return s;
}

static inline struct keyset *
kit_set_of_secret(struct slice secret, uint32_t algs)
{
	struct keyset_build b;
	struct keyset *s;
	const char *why;

	keyset_build_init(&b);
	why = keyset_add_secret(&b, SLICE_LIT("k1"), algs, secret);
	ck_assert_msg(why == NULL, "%s", why);
	s = keyset_make(&b);
	keyset_build_fini(&b);
	return s;
}

/* A set of one JWK. */
static inline struct keyset *
kit_set_of_jwk(const char *jwk)
{
	struct keyset_build b;
	struct keyset *s;
	struct text t;
	const char *why;
	uint32_t skipped;

	text_init(&t);
	text_printf(&t, "{\"keys\":[%s]}", jwk);
	keyset_build_init(&b);
	why = keyset_add_jwks(&b, text_slice(&t), 0, true, &skipped);
	ck_assert_msg(why == NULL, "%s", why);
	s = keyset_make(&b);
	keyset_build_fini(&b);
	text_fini(&t);
	return s;
}

#endif
