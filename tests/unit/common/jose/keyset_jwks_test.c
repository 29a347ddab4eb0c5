/*
 * Tests of keyset_jwks.c and jwk.c: the example set of RFC 7517, what is left
 * out, what refuses the whole set, and the way back.
 */
#include <stdio.h>
#include <stdlib.h>

#include "tests/unit/common/jose/key_kit.h"
#include "tests/unit/common/jose/vectors.h"

#define BIT(ID) (1u << JOSE_##ID)

/* RFC 7517 A.1, and its keys in other clothes. */
#define EC_XY                                                    \
	"\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"," \
	"\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\""
#define EC "\"kty\":\"EC\",\"crv\":\"P-256\"," EC_XY
#define RSA_N                                                      \
	"\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78L" \
	"hWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"  \
	"FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0"  \
	"h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0z"  \
	"gdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQF"  \
	"h6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur"  \
	"-kEgU8awapJzKnqDKgw\""
#define RSA "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AQAB\""
#define OKP                                    \
	"\"kty\":\"OKP\",\"crv\":\"Ed25519\"," \
	"\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define OCT                      \
	"\"kty\":\"oct\",\"k\":" \
	"\"hJtXIZ2uSN5kbQfbtTNWbpdmhkV8FJG-Onbc6mxCcYg\""
/* 1008 bits. */
#define RSA_SMALL                                                  \
	"\"kty\":\"RSA\",\"e\":\"AQAB\","                          \
	"\"n\":\"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78L" \
	"hWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCi"  \
	"FV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0"  \
	"h4QyQ5v-6w\""

static struct keyset_build build;
static uint32_t skipped;

static void
setup(void)
{
	keyset_build_init(&build);
}

static void
teardown(void)
{
	keyset_build_fini(&build);
}

static const char *
add_set(const char *text, uint32_t algs, bool symmetric)
{
	return keyset_add_jwks(
	    &build, slice_str(text), algs, symmetric, &skipped);
}

/* KEY in a set, between two that are good. */
static const char *
add_key(const char *key, bool symmetric)
{
	char text[8192];

	(void)snprintf(
	    text, sizeof(text), "{\"keys\":[{" RSA "},{%s},{" EC "}]}", key);
	return add_set(text, 0, symmetric);
}

START_TEST(rfc7517_a1)
{
	const char *why =
	    add_set("{\"keys\":[{" EC ",\"use\":\"enc\",\"kid\":\"1\"},"
		    "{" RSA ",\"alg\":\"RS256\",\"kid\":\"2011-04-29\"}]}",
		0, false);

	ck_assert_msg(why == NULL, "%s", why);
	ck_assert_uint_eq(build.count, 1);
	ck_assert_uint_eq(skipped, 1);
	ck_assert_uint_eq(build.keys[0].kind, JOSE_KEY_RSA);
	ck_assert_uint_eq(build.keys[0].algs, BIT(RS256));
	ck_assert(slice_eq(slice_make(build.bytes.p + build.keys[0].kid,
			       build.keys[0].kid_len),
	    SLICE_LIT("2011-04-29")));
}
END_TEST

static const struct {
	const char *key;
	uint32_t algs;
} taken[] = {
	{ EC, BIT(ES256) },
	{ RSA,
	    BIT(RS256) | BIT(RS384) | BIT(RS512) | BIT(PS256) | BIT(PS384) |
		BIT(PS512) },
	{ OKP, BIT(EDDSA) },
	{ OKP ",\"alg\":\"EdDSA\"", BIT(EDDSA) },
	{ RSA ",\"alg\":\"PS512\"", BIT(PS512) },
	{ EC ",\"alg\":\"ES256\",\"use\":\"sig\",\"key_ops\":[\"verify\"]",
	    BIT(ES256) },
	{ EC ",\"key_ops\":[\"sign\",\"verify\"],\"ext\":true", BIT(ES256) },
	{ EC ",\"kid\":\"\\u00e9\\n\",\"kid2\":1,\"x5c\":[\"AA==\"]", 0 },
	{ EC ",\"kid\":\"\\u00e9\",\"x5t#S256\":\"x\",\"own\":[[{}]]",
	    BIT(ES256) },
	/* what libraries do in spite of RFC 7518 6.3.1.1 */
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AAEAAQ\"",
	    BIT(RS256) | BIT(RS384) | BIT(RS512) | BIT(PS256) | BIT(PS384) |
		BIT(PS512) },
};

START_TEST(taken_rows)
{
	char text[4096];
	const char *why;

	(void)snprintf(
	    text, sizeof(text), "{\"keys\":[{%s}],\"x\":1}", taken[_i].key);
	why = add_set(text, 0, false);
	if (taken[_i].algs == 0) {
		ck_assert_ptr_nonnull(why);
		return;
	}
	ck_assert_msg(why == NULL, "%s: %s", taken[_i].key, why);
	ck_assert_uint_eq(build.count, 1);
	ck_assert_uint_eq(build.keys[0].algs, taken[_i].algs);
	ck_assert_uint_eq(skipped, 0);
}
END_TEST

static const char *const left[] = {
	EC ",\"use\":\"enc\"",
	EC ",\"use\":\"SIG\"",
	EC ",\"use\":\"\"",
	EC ",\"key_ops\":[\"sign\"]",
	EC ",\"key_ops\":[]",
	EC ",\"use\":\"sig\",\"key_ops\":[\"encrypt\"]",
	EC ",\"use\":\"enc\",\"key_ops\":[\"verify\"]",
	RSA ",\"alg\":\"RSA-OAEP\"",
	RSA ",\"alg\":\"none\"",
	RSA ",\"alg\":\"rs256\"",
	EC ",\"alg\":\"ECDH-ES\"",
	"\"kty\":\"EC\",\"crv\":\"secp256k1\"," EC_XY,
	"\"kty\":\"EC\",\"crv\":\"p-256\"," EC_XY,
	"\"kty\":\"OKP\",\"crv\":\"X25519\",\"x\":\"AA\"",
	"\"kty\":\"OKP\",\"crv\":\"Ed448\",\"x\":\"AA\"",
	"\"kty\":\"AKP\",\"d\":\"x\",\"use\":1",
	"\"kty\":\"ec\"",
	"\"kty\":\"\"",
	RSA_SMALL,
	RSA_SMALL ",\"alg\":\"RS256\"",
	"\"kty\":\"RSA\"," RSA_N ",\"e\":\"AQAAAAAAAAAB\"",
	OCT,
};

/* Others can be used in spite of them. */
START_TEST(left_rows)
{
	const char *why = add_key(left[_i], false);

	ck_assert_msg(why == NULL, "%s: %s", left[_i], why);
	ck_assert_uint_eq(build.count, 2);
	ck_assert_uint_eq(skipped, 1);
}
END_TEST

static const struct {
	const char *key, *why;
} broken[] = {
	{ EC ",\"d\":\"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE\"",
	    "is a private key" },
	{ EC ",\"d\":\"\"", "is a private key" },
	{ EC ",\"d\":null,\"use\":\"enc\"", "is a private key" },
	{ EC ",\"\\u0064\":\"x\"", "is a private key" },
	{ RSA ",\"p\":\"AA\"", "is a private key" },
	{ RSA ",\"q\":\"AA\"", "is a private key" },
	{ RSA ",\"dp\":\"AA\"", "is a private key" },
	{ RSA ",\"dq\":\"AA\"", "is a private key" },
	{ RSA ",\"qi\":\"AA\"", "is a private key" },
	{ RSA ",\"oth\":[]", "is a private key" },
	{ OKP ",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"",
	    "is a private key" },
	{ "\"kty\":\"OKP\",\"crv\":\"X25519\",\"d\":\"AA\"",
	    "is a private key" },
	{ "", "has no \"kty\"" },
	{ "\"kty\":null", "has no \"kty\"" },
	{ "\"kty\":[\"EC\"]", "has no \"kty\"" },
	{ "\"crv\":\"P-256\"," EC_XY, "has no \"kty\"" },
	{ EC ",\"use\":null", "should be a string" },
	{ EC ",\"use\":[\"sig\"]", "should be a string" },
	{ EC ",\"alg\":1", "should be a string" },
	{ EC ",\"kid\":1", "should be a string" },
	{ EC ",\"key_ops\":\"verify\"", "key_ops" },
	{ EC ",\"key_ops\":[\"verify\",\"verify\"]", "key_ops" },
	{ EC ",\"key_ops\":[\"verify\",\"v\\u0065rify\"]", "key_ops" },
	{ EC ",\"key_ops\":[\"verify\",1]", "key_ops" },
	{ EC ",\"alg\":\"ES384\"", "does not fit" },
	{ EC ",\"alg\":\"HS256\"", "does not fit" },
	{ EC ",\"alg\":\"RS256\"", "does not fit" },
	{ RSA ",\"alg\":\"ES256\"", "does not fit" },
	{ OKP ",\"alg\":\"ES256\"", "does not fit" },
	{ EC ",\"kid\":\"a\\u0001\"", "an id" },
	{ RSA ",\"kid\":\"a\"},{" RSA ",\"kid\":\"\\u0061\"", "another key" },
	{ "\"kty\":\"EC\"," EC_XY, "without \"crv\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\"", "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-384\"," EC_XY, "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\"",
	    "\"x\" and \"y\"" },
	/* padded; a zero in front; one byte short; loose bits; + and / */
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4=\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"ADCgQkzSHClEg4otdckrN-duog2fAIk6O07uijwKr-w-\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D5\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "\"x\" and \"y\"" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"\\u004dKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "\"x\" and \"y\"" },
	/* not on the curve */
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"NKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "not on its curve" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\",\"y\":"
	  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
	    "not on its curve" },
	{ "\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":"
	  "\"__________________________________________8\",\"y\":"
	  "\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"",
	    "not on its curve" },
	{ "\"kty\":\"OKP\",\"x\":\"AA\"", "without \"crv\"" },
	{ "\"kty\":\"OKP\",\"crv\":\"Ed25519\"", "\"x\" of 32 bytes" },
	{ "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"AA\"",
	    "\"x\" of 32 bytes" },
	{ "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":"
	  "\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\"",
	    "small order" },
	{ "\"kty\":\"RSA\",\"e\":\"AQAB\"", "\"n\" and \"e\"" },
	{ "\"kty\":\"RSA\"," RSA_N, "\"n\" and \"e\"" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"\"", "\"n\" and \"e\"" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AQA=\"", "\"n\" and \"e\"" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":65537", "should be a string" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AQ\"", "even or 1" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AQAA\"", "even or 1" },
	{ "\"kty\":\"RSA\"," RSA_N ",\"e\":\"AA\"", "" },
};

START_TEST(broken_rows)
{
	const char *why = add_key(broken[_i].key, true);

	ck_assert_msg(why != NULL, "%s was taken", broken[_i].key);
	ck_assert_msg(
	    strstr(why, broken[_i].why) != NULL, "%s: %s", broken[_i].key, why);
	ck_assert_uint_eq(build.count, 0);
	ck_assert_uint_eq(build.bytes.n, 0);
}
END_TEST

static const char *const no_sets[] = {
	"",
	"{}",
	"[]",
	"null",
	"{" EC "}",
	"[{" EC "}]",
	"{\"keys\":{" EC "}}",
	"{\"keys\":null}",
	"{\"keys\":[]}",
	"{\"keys\":[null]}",
	"{\"keys\":[{" EC "},1]}",
	"{\"Keys\":[{" EC "}]}",
	"{\"keys\":[{" EC "}],\"keys\":[{" EC "}]}",
	"{\"keys\":[{" EC "," EC_XY "}]}",
	"{\"keys\":[{" EC "}]} x",
	"{\"keys\":[{" EC "}]",
	"{\"keys\":[{" EC ",\"use\":\"enc\"},{" OCT "}]}",
};

START_TEST(no_set_rows)
{
	ck_assert_msg(
	    add_set(no_sets[_i], 0, false) != NULL, "%s", no_sets[_i]);
	ck_assert_uint_eq(build.count, 0);
}
END_TEST

START_TEST(symmetric)
{
	ck_assert_ptr_null(
	    add_set("{\"keys\":[{" OCT ",\"kid\":\"a\"},{" EC "}]}", 0, true));
	ck_assert_uint_eq(build.count, 2);
	ck_assert_uint_eq(build.keys[0].kind, JOSE_KEY_HMAC);
	ck_assert_uint_eq(build.keys[0].algs, BIT(HS256));
	ck_assert_ptr_nonnull(
	    add_set("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}", 0, true));
	ck_assert_ptr_nonnull(
	    add_set("{\"keys\":[{" OCT ",\"alg\":\"HS512\"}]}", 0, true));
	ck_assert_ptr_nonnull(
	    add_set("{\"keys\":[{\"kty\":\"oct\"}]}", 0, true));
	ck_assert_uint_eq(build.count, 2);
}
END_TEST

/* Keys that fit what nobody asked for are left out. */
START_TEST(asked_for)
{
	const char *all = "{\"keys\":[{" RSA "},{" EC "},{" OKP "}]}";

	ck_assert_ptr_null(add_set(all, BIT(PS256) | BIT(RS256), false));
	ck_assert_uint_eq(build.count, 1);
	ck_assert_uint_eq(skipped, 2);
	ck_assert_uint_eq(build.keys[0].algs, BIT(PS256) | BIT(RS256));
	ck_assert_ptr_nonnull(add_set(all, BIT(HS256) | BIT(ES384), false));
	ck_assert_ptr_nonnull(strstr(build.why, "(3 were left out)"));
}
END_TEST

START_TEST(too_many)
{
	struct text t;

	text_init(&t);
	text_add(&t, SLICE_LIT("{\"keys\":[{" EC "}"));
	for (int i = 1; i < KEYSET_KEYS_MAX; i++)
		text_add(&t, SLICE_LIT(",{" EC "}"));
	text_add(&t, SLICE_LIT("]}"));
	ck_assert_ptr_null(
	    keyset_add_jwks(&build, text_slice(&t), 0, false, &skipped));
	ck_assert_uint_eq(build.count, KEYSET_KEYS_MAX);
	ck_assert_ptr_nonnull(
	    keyset_add_jwks(&build, text_slice(&t), 0, false, &skipped));
	ck_assert_uint_eq(build.count, KEYSET_KEYS_MAX);
	text_fini(&t);
}
END_TEST

/* What is written is read again as the same keys. */
START_TEST(way_back)
{
	struct keyset *s, *again;
	struct text t;

	ck_assert_ptr_null(
	    add_set("{\"keys\":[{" RSA ",\"kid\":\"r \\\"\"},{" EC
		    ",\"kid\":\"e\"},{" OKP "},{" OCT "},{" RSA
		    ",\"alg\":\"PS256\",\"kid\":\"p\"}]}",
		0, true));
	s = keyset_make(&build);
	text_init(&t);
	keyset_write_jwks(s, &t);
	ck_assert_ptr_null(memmem(t.p, t.n, "hJtXIZ2u", 8));
	ck_assert_ptr_null(memmem(t.p, t.n, "oct", 3));
	keyset_build_fini(&build);
	keyset_build_init(&build);
	ck_assert_ptr_null(
	    keyset_add_jwks(&build, text_slice(&t), 0, false, &skipped));
	ck_assert_uint_eq(skipped, 0);
	again = keyset_make(&build);
	ck_assert_uint_eq(again->count, 4);
	for (uint32_t i = 0; i < 4; i++) {
		const struct keyset_key *k = &s->key[i < 3 ? i : 4];

		ck_assert_mem_eq(k->hash, again->key[i].hash, 32);
		ck_assert(slice_eq(
		    keyset_kid(s, k), keyset_kid(again, &again->key[i])));
	}
	keyset_free(s);
	keyset_free(again);
	text_fini(&t);
}
END_TEST

START_TEST(examples)
{
	struct keyset *s = kit_set_of_jwk(vectors[_i].jwk);

	ck_assert_uint_eq(s->count, 1);
	ck_assert_uint_ne(s->key[0].algs & (1u << vectors[_i].alg), 0);
	keyset_free(s);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("keyset_jwks");
	TCase *tc = tcase_create("keyset_jwks");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, rfc7517_a1);
	tcase_add_loop_test(tc, taken_rows, 0, ROWS(taken));
	tcase_add_loop_test(tc, left_rows, 0, ROWS(left));
	tcase_add_loop_test(tc, broken_rows, 0, ROWS(broken));
	tcase_add_loop_test(tc, no_set_rows, 0, ROWS(no_sets));
	tcase_add_test(tc, symmetric);
	tcase_add_test(tc, asked_for);
	tcase_add_test(tc, too_many);
	tcase_add_test(tc, way_back);
	tcase_add_loop_test(tc, examples, 0, VECTORS);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
