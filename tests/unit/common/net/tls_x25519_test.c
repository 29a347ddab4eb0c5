/*
 * Tests of x25519_base.c and tls_x25519.c: public keys are those of RFC 7748
 * and of the default provider, and its exchange takes them.
 */
#include "common/net/tls_x25519.h"

#include <check.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

#include "common/net/tls.h"
#include "common/net/tls_kdf.h"
#include "common/net/x25519_base.h"

#define OURS "provider=penstock"
#define THEIRS "provider=default"

static void
setup(void)
{
	tls_init();
}

static void
hex(unsigned char out[X25519_BYTES], const char *text)
{
	size_t n;

	ck_assert(OPENSSL_hexstr2buf_ex(out, X25519_BYTES, &n, text, '\0'));
	ck_assert_uint_eq(n, X25519_BYTES);
}

static EVP_PKEY *
theirs_of(const unsigned char secret[X25519_BYTES])
{
	return EVP_PKEY_new_raw_private_key_ex(
	    NULL, "X25519", THEIRS, secret, X25519_BYTES);
}

/* ---- the product ---- */

/* RFC 7748 6.1 */
static const struct {
	const char *secret, *public;
} vectors[] = {
	{ "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
	    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6"
	    "a" },
	{ "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
	    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4"
	    "f" },
};

static void
as_theirs(const unsigned char secret[X25519_BYTES])
{
	unsigned char ours[X25519_BYTES], theirs[X25519_BYTES];
	size_t n = sizeof(theirs);
	EVP_PKEY *k = theirs_of(secret);

	x25519_public(ours, secret);
	ck_assert_int_eq(EVP_PKEY_get_raw_public_key(k, theirs, &n), 1);
	ck_assert_mem_eq(ours, theirs, X25519_BYTES);
	EVP_PKEY_free(k);
}

START_TEST(of_the_rfc)
{
	unsigned char secret[X25519_BYTES], got[X25519_BYTES],
	    want[X25519_BYTES];

	hex(secret, vectors[_i].secret);
	as_theirs(secret);
	hex(want, vectors[_i].public);
	x25519_public(got, secret);
	ck_assert_mem_eq(got, want, X25519_BYTES);
}
END_TEST

/* Each digit in each place, and carries all the way. */
START_TEST(every_digit)
{
	unsigned char secret[X25519_BYTES];

	for (int byte = 0; byte < 256; byte++) {
		memset(secret, byte, sizeof(secret));
		as_theirs(secret);
		memset(secret, 0, sizeof(secret));
		for (int i = 0; i < X25519_BYTES; i++) {
			secret[i] = (unsigned char)byte;
			as_theirs(secret);
			secret[i] = 0;
		}
	}
}
END_TEST

START_TEST(any)
{
	unsigned char secret[X25519_BYTES];

	for (int i = 0; i < 5000; i++) {
		RAND_bytes(secret, sizeof(secret));
		as_theirs(secret);
	}
}
END_TEST

/* ---- keys ---- */

static EVP_PKEY *
made(const char *query)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "X25519", query);
	EVP_PKEY *k = NULL;

	ck_assert_ptr_nonnull(c);
	ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(c, "x25519"), 1);
	ck_assert_int_eq(EVP_PKEY_keygen(c, &k), 1);
	EVP_PKEY_CTX_free(c);
	return k;
}

/* An empty one, with the public key of another: as libssl has its peer's. */
static EVP_PKEY *
public_of(EVP_PKEY *k, const char *query)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "X25519", query);
	unsigned char *p;
	size_t n = EVP_PKEY_get1_encoded_public_key(k, &p);
	EVP_PKEY *public = NULL;

	ck_assert_uint_eq(n, X25519_BYTES);
	ck_assert_int_eq(EVP_PKEY_paramgen_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_paramgen(c, &public), 1);
	ck_assert_int_eq(EVP_PKEY_set1_encoded_public_key(public, p, n), 1);
	OPENSSL_free(p);
	EVP_PKEY_CTX_free(c);
	return public;
}

static void
shared(unsigned char out[X25519_BYTES], EVP_PKEY *k, EVP_PKEY *peer)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_pkey(NULL, k, TLS_KDF_QUERY);
	size_t n = X25519_BYTES;

	ck_assert_int_eq(EVP_PKEY_derive_init(c), 1);
	ck_assert_int_eq(EVP_PKEY_derive_set_peer(c, peer), 1);
	ck_assert_int_eq(EVP_PKEY_derive(c, out, &n), 1);
	ck_assert_uint_eq(n, X25519_BYTES);
	EVP_PKEY_CTX_free(c);
}

START_TEST(exchange)
{
	EVP_PKEY *a = made(TLS_KDF_QUERY), *b = made(_i == 0 ? OURS : THEIRS);
	EVP_PKEY *a_public = public_of(a, _i == 0 ? OURS : THEIRS);
	EVP_PKEY *b_public = public_of(b, TLS_KDF_QUERY);
	unsigned char one[X25519_BYTES], other[X25519_BYTES];

	ck_assert_str_eq(
	    OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(a)), "penstock");
	shared(one, a, b_public);
	shared(other, b, a_public);
	ck_assert_mem_eq(one, other, X25519_BYTES);
	ck_assert_int_eq(EVP_PKEY_eq(a, a_public), 1);
	ck_assert_int_eq(EVP_PKEY_eq(a, b_public), 0);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	EVP_PKEY_free(a_public);
	EVP_PKEY_free(b_public);
}
END_TEST

START_TEST(what_it_is)
{
	EVP_PKEY *a = made(OURS), *b = made(THEIRS), *copy = EVP_PKEY_dup(a);

	ck_assert_int_eq(EVP_PKEY_get_bits(a), EVP_PKEY_get_bits(b));
	ck_assert_int_eq(
	    EVP_PKEY_get_security_bits(a), EVP_PKEY_get_security_bits(b));
	ck_assert_int_eq(EVP_PKEY_get_size(a), EVP_PKEY_get_size(b));
	ck_assert_int_eq(EVP_PKEY_get_id(a), EVP_PKEY_X25519);
	ck_assert_int_eq(EVP_PKEY_eq(a, copy), 1);
	ck_assert_int_eq(EVP_PKEY_eq(a, b), 0);
	EVP_PKEY_free(a);
	EVP_PKEY_free(b);
	EVP_PKEY_free(copy);
}
END_TEST

/* No two are the same. */
START_TEST(they_differ)
{
	unsigned char *p, seen[64][X25519_BYTES];

	for (int i = 0; i < 64; i++) {
		EVP_PKEY *k = made(OURS);

		(void)EVP_PKEY_get1_encoded_public_key(k, &p);
		memcpy(seen[i], p, X25519_BYTES);
		for (int m = 0; m < i; m++)
			ck_assert_mem_ne(seen[m], seen[i], X25519_BYTES);
		OPENSSL_free(p);
		EVP_PKEY_free(k);
	}
}
END_TEST

START_TEST(raw_ones)
{
	unsigned char secret[X25519_BYTES], *p;
	EVP_PKEY *theirs, *ours;

	RAND_bytes(secret, sizeof(secret));
	theirs = theirs_of(secret);
	ours = EVP_PKEY_new_raw_private_key_ex(
	    NULL, "X25519", OURS, secret, sizeof(secret));
	ck_assert_ptr_nonnull(ours);
	ck_assert_int_eq(EVP_PKEY_eq(ours, theirs), 1);
	ck_assert_uint_eq(
	    EVP_PKEY_get1_encoded_public_key(ours, &p), X25519_BYTES);
	/* What is put into it is the peer's: its own secret is gone. */
	ck_assert_int_eq(EVP_PKEY_set1_encoded_public_key(ours, p, 31), 0);
	ck_assert_int_eq(EVP_PKEY_set1_encoded_public_key(ours, p, 32), 1);
	OPENSSL_free(p);
	ck_assert_ptr_null(EVP_PKEY_new_raw_private_key_ex(
	    NULL, "X25519", OURS, secret, sizeof(secret) - 1));
	ck_assert_ptr_null(EVP_PKEY_new_raw_public_key_ex(
	    NULL, "X25519", OURS, secret, sizeof(secret) - 1));
	EVP_PKEY_free(ours);
	EVP_PKEY_free(theirs);
}
END_TEST

START_TEST(another_group)
{
	EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "X25519", OURS);

	ck_assert_int_eq(EVP_PKEY_keygen_init(c), 1);
	ck_assert_int_le(EVP_PKEY_CTX_set_group_name(c, "x448"), 0);
	EVP_PKEY_CTX_free(c);
}
END_TEST

/* Who does not ask for ours gets the default's. */
START_TEST(only_for_who_asks)
{
	EVP_PKEY *k = made(NULL);

	ck_assert_str_eq(
	    OSSL_PROVIDER_get0_name(EVP_PKEY_get0_provider(k)), "default");
	EVP_PKEY_free(k);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("tls_x25519");
	TCase *tc = tcase_create("tls_x25519");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(
	    tc, of_the_rfc, 0, sizeof(vectors) / sizeof(vectors[0]));
	tcase_add_test(tc, every_digit);
	tcase_add_test(tc, any);
	tcase_add_loop_test(tc, exchange, 0, 2);
	tcase_add_test(tc, what_it_is);
	tcase_add_test(tc, they_differ);
	tcase_add_test(tc, raw_ones);
	tcase_add_test(tc, another_group);
	tcase_add_test(tc, only_for_who_asks);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
