/*
 * Tests of rsa_check.c: what OpenSSL signs passes, for moduli of any form; no
 * neighbour of it does, nor what is the same number to who does not look.
 */
#include "common/jose/rsa_check.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <stdlib.h>

#include "common/jose/sha.h"
#include "tests/unit/common/jose/sign_kit.h"

static const struct {
	const char *name;
	size_t bytes;
} hashes[] = {
	{ "SHA256", SHA256_BYTES },
	{ "SHA384", SHA384_BYTES },
	{ "SHA512", SHA512_BYTES },
};

#define HASHES (sizeof(hashes) / sizeof(hashes[0]))

static uint8_t sig[JOSE_SIGNATURE_MAX + 1];

static size_t
sign(EVP_PKEY *pkey, const char *hash, struct slice text)
{
	return kit_sign_raw(
	    pkey, hash, false, 0, NULL, text, sig, JOSE_SIGNATURE_MAX);
}

static bool
verifies(struct rsa_check *c, size_t n, size_t bytes, struct slice text)
{
	uint8_t digest[SHA512_BYTES];

	sha_digest(bytes, text, digest);
	return rsa_check_verify(
	    c, slice_make((const char *)sig, n), digest, bytes);
}

/* Words that are not full, and not a multiple of eight of them. */
START_TEST(sizes)
{
	static const unsigned bits[] = { 2048, 2050, 2056, 2112, 3072, 4096 };
	EVP_PKEY *pkey = kit_rsa(bits[_i], 65537);
	struct rsa_check *c = rsa_check_new(pkey);
	char text[16];

	ck_assert_ptr_nonnull(c);
	for (unsigned i = 0; i < 30; i++) {
		size_t h = i % HASHES, n;
		struct slice s =
		    slice_make(text, (size_t)sprintf(text, "%u", i));

		n = sign(pkey, hashes[h].name, s);
		ck_assert_uint_eq(n, (size_t)EVP_PKEY_get_size(pkey));
		for (size_t other = 0; other < HASHES; other++)
			ck_assert(verifies(c, n, hashes[other].bytes, s) ==
			    (other == h));
		ck_assert(!verifies(c, n, hashes[h].bytes, SLICE_LIT("x")));
		ck_assert(!verifies(c, n - 1, hashes[h].bytes, s));
		ck_assert(!verifies(c, n + 1, hashes[h].bytes, s));
	}
	rsa_check_free(c);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(every_bit)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct rsa_check *c = rsa_check_new(pkey);
	struct slice text = SLICE_LIT("text");
	size_t n = sign(pkey, "SHA256", text);

	for (size_t i = 0; i < n * 8; i++) {
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
		ck_assert(!verifies(c, n, SHA256_BYTES, text));
		sig[i / 8] ^= (uint8_t)(1 << i % 8);
	}
	ck_assert(verifies(c, n, SHA256_BYTES, text));
	rsa_check_free(c);
	EVP_PKEY_free(pkey);
}
END_TEST

/* s + n is s to who reduces it, n - s to who squares it. */
START_TEST(other_representatives)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	struct rsa_check *c = rsa_check_new(pkey);
	BIGNUM *modulus = NULL, *s = BN_new();
	unsigned met = 0;
	char room[16];

	ck_assert_int_eq(
	    EVP_PKEY_get_bn_param(pkey, OSSL_PKEY_PARAM_RSA_N, &modulus), 1);
	for (unsigned i = 0; i < 2000 && met < 5; i++) {
		struct slice text =
		    slice_make(room, (size_t)sprintf(room, "%u", i));

		sign(pkey, "SHA256", text);
		BN_bin2bn(sig, 256, s);
		BN_add(s, s, modulus);
		if (BN_num_bits(s) > 2048)
			continue;
		met++;
		ck_assert(verifies(c, 256, SHA256_BYTES, text));
		BN_bn2binpad(s, sig, 256);
		ck_assert(!verifies(c, 256, SHA256_BYTES, text));
		BN_sub(s, s, modulus);
		BN_sub(s, modulus, s);
		BN_bn2binpad(s, sig, 256);
		ck_assert(!verifies(c, 256, SHA256_BYTES, text));
	}
	ck_assert_uint_ne(met, 0);
	BN_bn2binpad(modulus, sig, 256);
	ck_assert(!verifies(c, 256, SHA256_BYTES, SLICE_LIT("text")));
	BN_free(s);
	BN_free(modulus);
	rsa_check_free(c);
	EVP_PKEY_free(pkey);
}
END_TEST

/* What the private key turns into a padding that is not quite the one. */
START_TEST(paddings)
{
	EVP_PKEY *pkey = kit_rsa(2048, 65537);
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(pkey, NULL);
	struct rsa_check *c = rsa_check_new(pkey);
	struct slice text = SLICE_LIT("text");
	uint8_t padded[256], good[256];
	size_t n = sign(pkey, "SHA256", text), out = sizeof(sig);

	/* No padding: what comes out is what the signature turns into. */
	ck_assert_int_eq(EVP_PKEY_verify_recover_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	ck_assert_int_eq(EVP_PKEY_verify_recover(ctx, good, &n, sig, 256), 1);
	ck_assert_int_eq(EVP_PKEY_sign_init(ctx), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_NO_PADDING), 1);
	for (size_t i = 0; i <= 256; i++) {
		memcpy(padded, good, sizeof(padded));
		if (i < 256)
			padded[i] ^= i == 0 ? 0x40 : 1;
		out = sizeof(sig);
		ck_assert_int_eq(
		    EVP_PKEY_sign(ctx, sig, &out, padded, sizeof(padded)), 1);
		ck_assert(verifies(c, out, SHA256_BYTES, text) == (i == 256));
	}
	/* Bleichenbacher 2006: less padding, and something behind the digest.
	 */
	memcpy(padded, good, sizeof(padded));
	memmove(padded + 100, good + 256 - 52, 52);
	ck_assert_int_eq(
	    EVP_PKEY_sign(ctx, sig, &out, padded, sizeof(padded)), 1);
	ck_assert(!verifies(c, out, SHA256_BYTES, text));
	rsa_check_free(c);
	EVP_PKEY_CTX_free(ctx);
	EVP_PKEY_free(pkey);
}
END_TEST

START_TEST(not_for_others)
{
	EVP_PKEY *three = kit_rsa(2048, 3), *ec = kit_ec("P-256");
	EVP_PKEY *small = kit_rsa(1024, 65537);

	ck_assert_ptr_null(rsa_check_new(three));
	ck_assert_ptr_null(rsa_check_new(ec));
	ck_assert_ptr_null(rsa_check_new(small));
	ERR_clear_error();
	EVP_PKEY_free(small);
	EVP_PKEY_free(three);
	EVP_PKEY_free(ec);
	rsa_check_free(NULL);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("rsa_check");
	TCase *tc = tcase_create("rsa_check");
	SRunner *runner;
	int failed;

	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, sizes, 0, 6);
	tcase_add_test(tc, every_bit);
	tcase_add_test(tc, other_representatives);
	tcase_add_test(tc, paddings);
	tcase_add_test(tc, not_for_others);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
