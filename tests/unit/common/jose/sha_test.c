/* Tests of sha.c: the digests of OpenSSL's own calls, at every length. */
#include "common/jose/sha.h"

#include <check.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

#define TEXT 300

static char text[TEXT];

static void
digest_check(size_t bytes, const char *name, size_t n)
{
	uint8_t made[SHA512_BYTES] = { 0 }, wanted[SHA512_BYTES] = { 0 };
	size_t size = 0;

	sha_digest(bytes, slice_make(text, n), made);
	ck_assert_int_eq(
	    EVP_Q_digest(NULL, name, NULL, text, n, wanted, &size), 1);
	ck_assert_uint_eq(size, bytes);
	ck_assert_mem_eq(made, wanted, sizeof(made));
}

START_TEST(all_lengths)
{
	for (size_t n = 0; n <= TEXT; n++) {
		digest_check(SHA256_BYTES, "SHA256", n);
		digest_check(SHA384_BYTES, "SHA384", n);
		digest_check(SHA512_BYTES, "SHA512", n);
	}
}
END_TEST

START_TEST(parts)
{
	uint8_t part[SHA256_BYTES], all[SHA256_BYTES], wanted[SHA256_BYTES];
	const uint8_t untouched[SHA256_BYTES] = { 7 };

	for (size_t n = 0; n <= TEXT - 32; n++)
		for (size_t at = 0; at <= n; at += 1 + at / 8) {
			memcpy(part, untouched, sizeof(part));
			sha256_both(slice_make(text, n), at,
			    slice_make(text + n, 32), part, all);
			sha_digest(
			    sizeof(all), slice_make(text, n + 32), wanted);
			ck_assert_mem_eq(all, wanted, sizeof(all));
			sha_digest(sizeof(part), slice_make(text, at), wanted);
			ck_assert_mem_eq(
			    part, at != 0 ? wanted : untouched, sizeof(part));
		}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("sha");
	TCase *tc = tcase_create("sha");
	SRunner *runner;
	int failed;

	for (size_t i = 0; i < TEXT; i++)
		text[i] = (char)(i * 7);
	tcase_add_test(tc, all_lengths);
	tcase_add_test(tc, parts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
