/*
 * Tests of issue.c, with libjwt as the oracle of jose: what it signs we accept,
 * what we accept it accepts, and nothing that differs in a character is either.
 */
#include "common/jose/issue.h"

#include <jwt.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/jose/verify.h"
#include "tests/unit/common/jose/sign_kit.h"

#define CLAIMS "{\"iss\":\"gw\",\"exp\":9000000000,\"n\":[1.5,\"\xc3\xa9/\"]}"

static const struct slice secret = SLICE_LIT(
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef");
static char room[JWS_BYTES_MAX];

/* Those that libjwt 1.10 knows. */
static const struct {
	enum jose_alg alg;
	const char *group; /* NULL: RSA, "": a secret */
} algs[] = {
	{ JOSE_HS256, "" },
	{ JOSE_HS384, "" },
	{ JOSE_HS512, "" },
	{ JOSE_RS256, NULL },
	{ JOSE_RS384, NULL },
	{ JOSE_RS512, NULL },
	{ JOSE_ES256, "P-256" },
	{ JOSE_ES384, "P-384" },
	{ JOSE_ES512, "P-521" },
};

/* A key with all that its two sides need. */
struct pair {
	EVP_PKEY *pkey;
	struct text private_key, public_key; /* as libjwt takes them */
	struct verify_key *v;
};

static void
pair_init(struct pair *p, int row)
{
	const char *group = algs[row].group;
	struct keyset *s;

	*p = (struct pair){ 0 };
	if (group != NULL && *group == '\0') {
		text_add(&p->private_key, secret);
		text_add(&p->public_key, secret);
		s = kit_set_of_secret(secret, 0);
	} else {
		p->pkey = group != NULL ? kit_ec(group) : kit_rsa(2048, 65537);
		p->private_key = kit_private_pem(p->pkey);
		p->public_key = kit_public_pem(p->pkey);
		s = kit_set_of(p->pkey, 0);
	}
	p->v = verify_key_new(s, &s->key[0]);
	ck_assert_ptr_nonnull(p->v);
	keyset_free(s);
}

static void
pair_fini(struct pair *p)
{
	verify_key_free(p->v);
	text_fini(&p->private_key);
	text_fini(&p->public_key);
	EVP_PKEY_free(p->pkey);
}

static bool
we_accept(const struct pair *p, struct slice token)
{
	struct jws t;

	return jws_parse(token, room, &t) == JWS_OK && verify_token(p->v, &t);
}

static bool
libjwt_accepts(const struct pair *p, enum jose_alg alg, struct slice token)
{
	char text[JWS_BYTES_MAX + 1] = { 0 };
	jwt_t *jwt = NULL;
	bool accepts;

	memcpy(text, token.p, token.n);
	accepts = jwt_decode(&jwt, text, (const unsigned char *)p->public_key.p,
		      (int)p->public_key.n) == 0 &&
	    slice_eq(jose_alg_name(alg), slice_str(jwt_get_header(jwt, "alg")));
	jwt_free(jwt);
	return accepts;
}

static bool
issue(const struct pair *p, enum jose_alg alg, const char *claims,
    struct text *out)
{
	text_init(out);
	return issue_token(alg, text_slice(&p->private_key), SLICE_LIT("k1"),
	    slice_str(claims), out);
}

START_TEST(issues)
{
	struct pair p;
	struct text token;
	struct jws t;
	struct json_value all, v;

	pair_init(&p, _i);
	ck_assert(issue(&p, algs[_i].alg, CLAIMS, &token));
	ck_assert(libjwt_accepts(&p, algs[_i].alg, text_slice(&token)));
	ck_assert(we_accept(&p, text_slice(&token)));
	ck_assert_int_eq(jws_parse(text_slice(&token), room, &t), JWS_OK);
	ck_assert_int_eq(t.alg, algs[_i].alg);
	ck_assert(slice_eq(t.kid, SLICE_LIT("k1")));
	ck_assert(slice_eq(t.typ, SLICE_LIT("JWT")));
	ck_assert(json_read_check(t.payload, &all));
	ck_assert(json_read_member(&all, SLICE_LIT("iss"), &v));
	ck_assert(json_read_is(&v, SLICE_LIT("gw")));
	ck_assert(json_read_member(&all, SLICE_LIT("exp"), &v));
	ck_assert(slice_eq(v.text, SLICE_LIT("9000000000")));
	ck_assert(json_read_member(&all, SLICE_LIT("n"), &v));
	ck_assert(slice_eq(v.text, SLICE_LIT("[1.5,\"\xc3\xa9/\"]")));
	text_fini(&token);
	pair_fini(&p);
}
END_TEST

START_TEST(no_kid_and_appended)
{
	struct text out;
	struct jws t;

	text_init(&out);
	text_add(&out, SLICE_LIT("Bearer "));
	ck_assert(
	    issue_token(JOSE_HS256, secret, SLICE_NONE, SLICE_LIT("{}"), &out));
	ck_assert(slice_starts(text_slice(&out), SLICE_LIT("Bearer ey")));
	ck_assert_int_eq(
	    jws_parse(slice_skip(text_slice(&out), 7), room, &t), JWS_OK);
	ck_assert_uint_eq(t.kid.n, 0);
	ck_assert(slice_eq(t.typ, SLICE_LIT("JWT")));
	text_fini(&out);
}
END_TEST

static void
check_none(
    enum jose_alg alg, struct slice key, struct slice kid, struct slice claims)
{
	struct text out;

	text_init(&out);
	text_add_char(&out, 'x');
	ck_assert(!issue_token(alg, key, kid, claims, &out));
	ck_assert(slice_eq(text_slice(&out), SLICE_LIT("x")));
	text_fini(&out);
}

START_TEST(refuses_claims)
{
	static const char *const bad[] = { "", "[]", "null", "{", "{}x",
		"{\"a\":1,\"a\":2}", "{\"a\":\"\\u0000\"}",
		"{\"a\":\"\xff\"}" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		check_none(JOSE_HS256, secret, SLICE_NONE, slice_str(bad[i]));
	check_none(JOSE_HS256, secret, SLICE_NONE, SLICE_LIT("{}\0{}"));
	check_none(JOSE_HS256, secret, SLICE_LIT("a\0b"), SLICE_LIT("{}"));
	check_none(JOSE_HS256, secret, SLICE_LIT("a\nb"), SLICE_LIT("{}"));
	check_none(JOSE_HS256, secret, SLICE_LIT("\xff"), SLICE_LIT("{}"));
}
END_TEST

START_TEST(refuses_large)
{
	struct text claims;

	text_init(&claims);
	text_add(&claims, SLICE_LIT("{\"a\":\""));
	for (int i = 0; i < JWS_BYTES_MAX; i++)
		text_add_char(&claims, 'a');
	text_add(&claims, SLICE_LIT("\"}"));
	check_none(JOSE_HS256, secret, SLICE_NONE, text_slice(&claims));
	text_fini(&claims);
}
END_TEST

static void
check_key(EVP_PKEY *pkey, uint32_t fit)
{
	struct text pem = kit_private_pem(pkey), public = kit_public_pem(pkey);

	for (int i = 0; i < JOSE_COUNT; i++) {
		enum jose_alg alg = (enum jose_alg)i;
		struct text out;

		text_init(&out);
		ck_assert(issue_token(alg, text_slice(&pem), SLICE_NONE,
			      SLICE_LIT("{}"), &out) == ((fit & 1u << i) != 0));
		text_fini(&out);
		check_none(
		    alg, text_slice(&public), SLICE_NONE, SLICE_LIT("{}"));
	}
	text_fini(&pem);
	text_fini(&public);
	EVP_PKEY_free(pkey);
}

/* No key signs for another's algorithm, nor is PEM a secret. */
START_TEST(keys_fit)
{
	check_key(kit_ec("P-256"), 1u << JOSE_ES256);
	check_key(kit_ec("P-384"), 1u << JOSE_ES384);
	check_key(kit_ec("P-521"), 1u << JOSE_ES512);
	check_key(kit_ec("secp256k1"), 0);
	check_key(kit_rsa(2048, 65537),
	    1u << JOSE_RS256 | 1u << JOSE_RS384 | 1u << JOSE_RS512);
	check_key(kit_rsa(1024, 65537), 0);
	check_key(kit_ed25519(), 0);
}
END_TEST

START_TEST(secrets_fit)
{
	static const size_t least[] = { 32, 48, 64 };

	for (int i = 0; i < 3; i++) {
		enum jose_alg alg = (enum jose_alg)(JOSE_HS256 + i);
		struct text out;

		text_init(&out);
		check_none(alg, slice_make(secret.p, least[i] - 1), SLICE_NONE,
		    SLICE_LIT("{}"));
		ck_assert(issue_token(alg, slice_make(secret.p, least[i]),
		    SLICE_NONE, SLICE_LIT("{}"), &out));
		check_none(alg, SLICE_NONE, SLICE_NONE, SLICE_LIT("{}"));
		text_fini(&out);
	}
	for (int i = JOSE_RS256; i < JOSE_COUNT; i++)
		check_none(
		    (enum jose_alg)i, secret, SLICE_NONE, SLICE_LIT("{}"));
}
END_TEST

START_TEST(makes_keys)
{
	struct text pem, spki, token;
	struct keyset_build b;
	struct keyset *s;
	struct pair p = { 0 };

	text_init(&pem);
	text_init(&spki);
	text_init(&token);
	ck_assert(issue_key_make(&pem, &spki));
	keyset_build_init(&b);
	ck_assert_ptr_null(keyset_add_public(
	    &b, SLICE_LIT("own"), 1u << JOSE_ES256, text_slice(&spki)));
	s = keyset_make(&b);
	ck_assert(slice_eq(keyset_bytes(s, &s->key[0]), text_slice(&spki)));
	p.v = verify_key_new(s, &s->key[0]);
	ck_assert(issue_token(JOSE_ES256, text_slice(&pem), SLICE_LIT("own"),
	    SLICE_LIT(CLAIMS), &token));
	ck_assert(we_accept(&p, text_slice(&token)));
	text_clear(&pem);
	text_clear(&token);
	ck_assert(issue_key_make(&pem, &spki));
	ck_assert(issue_token(JOSE_ES256, text_slice(&pem), SLICE_LIT("own"),
	    SLICE_LIT(CLAIMS), &token));
	ck_assert(!we_accept(&p, text_slice(&token)));
	keyset_free(s);
	keyset_build_fini(&b);
	verify_key_free(p.v);
	text_fini(&pem);
	text_fini(&spki);
	text_fini(&token);
}
END_TEST

/* Claims that nobody thought of. */
static void
some_claims(char *text, size_t room_n)
{
	static const char *const values[] = { "1", "-1.5", "\"a\"", "\"\"",
		"true", "null", "[]", "{}", "[1,\"\xe2\x82\xac\"]",
		"{\"a\":{\"b\":[]}}", "\"\\u0041\\n\"", "9007199254740992" };
	size_t n = 0;

	for (long i = random() % 12; i >= 0; i--)
		n += (size_t)snprintf(text + n, room_n - n, "%s\"%c%ld\":%s",
		    n == 0 ? "{" : ",", (char)('a' + random() % 26), i,
		    values[(size_t)random() % 12]);
	(void)snprintf(text + n, room_n - n, "}");
}

/* One change, at least. */
static size_t
mutate(char *text, size_t n)
{
	static const char likely[] = "AQgw_-.=+/ \n\t\r!%~aZ09";
	size_t at = (size_t)random() % n, other;

	switch (random() % 6) {
	case 0:
		text[at] = (char)(text[at] ^ (1 << random() % 7));
		return n;
	case 1:
		memmove(text + at, text + at + 1, n - at - 1);
		return n - 1;
	case 2:
		text[n] = likely[(size_t)random() % (sizeof(likely) - 1)];
		return n + 1;
	case 3:
		memmove(text + at + 1, text + at, n - at);
		text[at] = likely[(size_t)random() % (sizeof(likely) - 1)];
		return n + 1;
	case 4:
		return at + 1 < n ? at + 1 : n - 1;
	default:
		other = (size_t)random() % n;
		text[at] = text[other];
		return n;
	}
}

/* The other way: OpenSSL signs, libjwt takes what we take. */
START_TEST(oracle)
{
	enum jose_alg alg = algs[_i].alg;
	struct pair p;
	int rounds = alg < JOSE_RS256 ? 200 : 10;

	srandom(8);
	pair_init(&p, _i);
	for (int i = 0; i < rounds; i++) {
		char claims[1024], text[2048];
		struct text token, ours = kit_token(alg, p.pkey, secret);

		ck_assert(we_accept(&p, text_slice(&ours)));
		ck_assert(libjwt_accepts(&p, alg, text_slice(&ours)));
		text_fini(&ours);
		some_claims(claims, sizeof(claims));
		ck_assert_msg(issue(&p, alg, claims, &token), "%s", claims);
		ck_assert(we_accept(&p, text_slice(&token)));
		for (int k = 0; k < 100; k++) {
			size_t n = token.n;

			memcpy(text, token.p, n);
			n = mutate(text, n);
			ck_assert_msg(!we_accept(&p, slice_make(text, n)) ||
				slice_eq(
				    slice_make(text, n), text_slice(&token)),
			    "%.*s", (int)n, text);
		}
		text_fini(&token);
	}
	pair_fini(&p);
}
END_TEST

/*
 * Of OpenSSL; a token that comes out is a good one. (Where jansson has none,
 * libjwt 1.10 takes the length of nothing and dies; there is no way round.)
 */
START_TEST(out_of_memory)
{
	struct pair p;
	struct text first;
	bool made = false;

	pair_init(&p, _i);
	/* What OpenSSL makes once is there. */
	ck_assert(issue(&p, algs[_i].alg, CLAIMS, &first));
	text_fini(&first);
	for (int left = 1; !made; left += 1 + left / 50) {
		struct text token;

		ck_assert_int_lt(left, 5000);
		kit_memory_left = left;
		made = issue(&p, algs[_i].alg, CLAIMS, &token);
		kit_memory_left = -1;
		ck_assert_uint_eq(token.n != 0, made);
		if (made)
			ck_assert(we_accept(&p, text_slice(&token)));
		text_fini(&token);
	}
	pair_fini(&p);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("issue");
	TCase *tc = tcase_create("issue");
	SRunner *runner;
	int failed;

	kit_memory_watch();
	tcase_add_loop_test(tc, issues, 0, ROWS(algs));
	tcase_add_test(tc, no_kid_and_appended);
	tcase_add_test(tc, refuses_claims);
	tcase_add_test(tc, refuses_large);
	tcase_add_test(tc, keys_fit);
	tcase_add_test(tc, secrets_fit);
	tcase_add_test(tc, makes_keys);
	tcase_add_loop_test(tc, oracle, 0, ROWS(algs));
	tcase_add_loop_test(tc, out_of_memory, 0, ROWS(algs));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
