/*
 * Tests of issue_key.c: libjwt and we accept what it signs, and it signs with
 * nothing but a key of P-256.
 */
#include "common/jose/issue_key.h"

#include <jwt.h>
#include <stdlib.h>
#include <string.h>

#include "common/jose/issue.h"
#include "common/jose/jws.h"
#include "common/jose/verify.h"
#include "tests/unit/common/jose/key_kit.h"

#define CLAIMS "{\"iss\":\"gw\",\"exp\":9000000000}"

static char room[2 * JWS_BYTES_MAX];

static struct verify_key *
verifier(struct slice spki)
{
	struct keyset_build b;
	struct keyset *set;
	struct verify_key *v;

	keyset_build_init(&b);
	ck_assert_ptr_null(
	    keyset_add_public(&b, SLICE_LIT("k-1"), 1u << JOSE_ES256, spki));
	set = keyset_make(&b);
	v = verify_key_new(set, &set->key[0]);
	keyset_free(set);
	keyset_build_fini(&b);
	return v;
}

static bool
libjwt_accepts(const struct text *public, struct slice token)
{
	char *text = strndup(token.p, token.n);
	jwt_t *jwt = NULL;
	bool accepts = jwt_decode(&jwt, text, (const unsigned char *)public->p,
			   (int)public->n) == 0 &&
	    jwt_get_alg(jwt) == JWT_ALG_ES256 &&
	    strcmp(jwt_get_grant(jwt, "iss"), "gw") == 0;

	jwt_free(jwt);
	free(text);
	return accepts;
}

/* Often: numbers with zeros in front are rare. */
START_TEST(both_accept)
{
	EVP_PKEY *pkey = kit_ec("P-256");
	struct text pem = kit_private_pem(pkey), public = kit_public_pem(pkey);
	struct issue_key *k = issue_key_new(text_slice(&pem), SLICE_LIT("k-1"));
	struct verify_key *v = verifier(text_slice(&public));
	struct text out = { 0 };
	struct jws t;

	ck_assert_ptr_nonnull(k);
	for (int i = 0; i < 2000; i++) {
		text_clear(&out);
		ck_assert(issue_by_key(k, SLICE_LIT(CLAIMS), &out));
		ck_assert_int_eq(jws_parse(text_slice(&out), room, &t), JWS_OK);
		ck_assert(slice_eq(t.payload, SLICE_LIT(CLAIMS)));
		ck_assert(slice_eq(t.kid, SLICE_LIT("k-1")));
		ck_assert(slice_eq(t.typ, SLICE_LIT("JWT")));
		ck_assert_int_eq(t.alg, JOSE_ES256);
		ck_assert(verify_token(v, &t));
		ck_assert(i > 20 || libjwt_accepts(&public, text_slice(&out)));
	}
	issue_key_free(k);
	verify_key_free(v);
	text_fini(&out);
	text_fini(&pem);
	text_fini(&public);
	EVP_PKEY_free(pkey);
}
END_TEST

static void
check_no_key(EVP_PKEY *pkey)
{
	struct text pem = kit_private_pem(pkey), public = kit_public_pem(pkey);

	ck_assert_ptr_null(issue_key_new(text_slice(&pem), SLICE_LIT("k")));
	ck_assert_ptr_null(issue_key_new(text_slice(&public), SLICE_LIT("k")));
	text_fini(&pem);
	text_fini(&public);
	EVP_PKEY_free(pkey);
}

START_TEST(other_keys)
{
	check_no_key(kit_ec("P-384"));
	check_no_key(kit_ec("secp256k1"));
	check_no_key(kit_rsa(2048, 65537));
	check_no_key(kit_ed25519());
	ck_assert_ptr_null(issue_key_new(SLICE_LIT("x"), SLICE_LIT("k")));
	ck_assert_ptr_null(issue_key_new(SLICE_NONE, SLICE_LIT("k")));
	issue_key_free(NULL);
}
END_TEST

START_TEST(kids)
{
	static const char long_one[] =
	    "0123456789012345678901234567890123456789"
	    "0123456789012345678901234";
	static const char *const bad[] = { "", "a\"b", "a b", "a.b", "\xff",
		long_one };
	struct text pem = { 0 }, spki = { 0 };
	struct issue_key *k;

	ck_assert(issue_key_make(&pem, &spki));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert_ptr_null(
		    issue_key_new(text_slice(&pem), slice_str(bad[i])));
	k = issue_key_new(text_slice(&pem), slice_str(bad[5] + 1));
	ck_assert_ptr_nonnull(k);
	issue_key_free(k);
	text_fini(&pem);
	text_fini(&spki);
}
END_TEST

START_TEST(claims)
{
	static const char *const bad[] = { "", "[]", "null", "{", "{}x",
		"{\"a\":1,\"a\":2}", "{\"a\":\"\xff\"}" };
	struct text pem = { 0 }, spki = { 0 }, out = { 0 }, large = { 0 };
	struct issue_key *k;

	ck_assert(issue_key_make(&pem, &spki));
	k = issue_key_new(text_slice(&pem), SLICE_LIT("k"));
	text_add_char(&out, 'x');
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		ck_assert(!issue_by_key(k, slice_str(bad[i]), &out));
	text_add(&large, SLICE_LIT("{\"a\":\""));
	while (large.n < JWS_BYTES_MAX * 3 / 4)
		text_add_char(&large, 'a');
	text_add(&large, SLICE_LIT("\"}"));
	ck_assert(!issue_by_key(k, text_slice(&large), &out));
	ck_assert(slice_eq(text_slice(&out), SLICE_LIT("x")));
	ck_assert(issue_by_key(k, SLICE_LIT("{}"), &out));
	ck_assert(slice_starts(text_slice(&out), SLICE_LIT("xey")));
	issue_key_free(k);
	text_fini(&pem);
	text_fini(&spki);
	text_fini(&out);
	text_fini(&large);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("issue_key");
	TCase *tc = tcase_create("all");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, both_accept);
	tcase_add_test(tc, other_keys);
	tcase_add_test(tc, kids);
	tcase_add_test(tc, claims);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
