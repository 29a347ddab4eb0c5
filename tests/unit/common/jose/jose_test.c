/* Tests of jose.c: names to the letter, and which keys go with which. */
#include <check.h>
#include <stdlib.h>

#include "common/jose/jose.h"

START_TEST(names)
{
	for (int i = 0; i < JOSE_COUNT; i++) {
		enum jose_alg alg = JOSE_COUNT;

		ck_assert(jose_alg_find(jose_alg_name((enum jose_alg)i), &alg));
		ck_assert_int_eq(alg, i);
	}
}
END_TEST

static const char *const unknown[] = { "", "none", "None", "nOnE", "NONE",
	"hs256", "Hs256", "RS256 ", " RS256", "RS25", "RS2566", "RS1", "HS1",
	"ES256K", "EDDSA", "Ed25519", "eddsa", "RSA-OAEP", "dir", "A128KW" };

START_TEST(no_names)
{
	enum jose_alg alg;

	ck_assert(!jose_alg_find(slice_str(unknown[_i]), &alg));
	ck_assert(!jose_alg_find(SLICE_LIT("HS256\0"), &alg));
}
END_TEST

/* Each algorithm goes with exactly one kind of key. */
START_TEST(kinds)
{
	uint32_t all = 0;

	for (int i = JOSE_KEY_HMAC; i <= JOSE_KEY_ED25519; i++) {
		uint32_t algs = jose_key_algs((enum jose_key)i);

		ck_assert_uint_ne(algs, 0);
		ck_assert_uint_eq(all & algs, 0);
		all |= algs;
	}
	ck_assert_uint_eq(all, (1u << JOSE_COUNT) - 1);
	ck_assert_uint_eq(jose_key_algs(JOSE_KEY_P384), 1u << JOSE_ES384);
	ck_assert_uint_eq(jose_key_algs((enum jose_key)99), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("jose");
	TCase *tc = tcase_create("jose");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, names);
	tcase_add_loop_test(
	    tc, no_names, 0, (int)(sizeof(unknown) / sizeof(unknown[0])));
	tcase_add_test(tc, kinds);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
