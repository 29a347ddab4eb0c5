/* Tests of jws.c: what comes out of a token, and what is refused unseen. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "common/jose/base64url.h"
#include "common/jose/jws.h"
#include "tests/unit/common/jose/vectors.h"

static char room[JWS_BYTES_MAX];

static struct text
encoded(struct slice s)
{
	char *p = malloc(BASE64URL_TEXT(s.n) + 1);
	struct text t;

	text_init(&t);
	text_add(&t, slice_make(p, base64url_encode(s.p, s.n, p)));
	free(p);
	return t;
}

/* HEADER in base64url, and something behind it. */
static struct text
token_of(struct slice header)
{
	struct text t = encoded(header);

	text_add(&t, SLICE_LIT(".e30.c2ln"));
	return t;
}

/* Token and room are of their own size, so that the sanitizers see more. */
static enum jws_result
parse_exact(struct slice text)
{
	char *copy = malloc(text.n + 1), *own = malloc(text.n + 1);
	enum jws_result result;
	struct jws t;

	memcpy(copy, text.p, text.n);
	copy = realloc(copy, text.n != 0 ? text.n : 1);
	own = realloc(own, text.n != 0 ? text.n : 1);
	result = jws_parse(slice_make(copy, text.n), own, &t);
	free(copy);
	free(own);
	return result;
}

static enum jws_result
parse_header(const char *header)
{
	struct text t = token_of(slice_str(header));
	enum jws_result result = parse_exact(text_slice(&t));

	text_fini(&t);
	return result;
}

START_TEST(examples)
{
	const struct vector *v = &vectors[_i];
	struct slice text = slice_str(v->token);
	struct jws t;

	ck_assert_int_eq(parse_exact(text), JWS_OK);
	ck_assert_int_eq(jws_parse(text, room, &t), JWS_OK);
	ck_assert_int_eq(t.alg, v->alg);
	ck_assert_ptr_eq(t.input.p, text.p);
	ck_assert_int_eq(t.input.p[t.input.n], '.');
	ck_assert_uint_gt(t.payload.n, 0);
	ck_assert_uint_ge(t.signature.n, 32);
}
END_TEST

START_TEST(header_members)
{
	struct text s = token_of(SLICE_LIT("{\"typ\":\"at+jwt\",\"kid\":"
					   "\"k\\u0031\\/\xc3\xa9\",\"jku\":"
					   "\"http://x\",\"jwk\":{\"kty\":\"RSA"
					   "\"},\"x5c\":[\"AA\"],\"x5u\":1,"
					   "\"enc\":null,\"\\u0061lg\":"
					   "\"RS\\u003256\"}"));
	struct jws t;

	ck_assert_int_eq(jws_parse(text_slice(&s), room, &t), JWS_OK);
	ck_assert_int_eq(t.alg, JOSE_RS256);
	ck_assert(slice_eq(t.kid, SLICE_LIT("k1/\xc3\xa9")));
	ck_assert(slice_eq(t.typ, SLICE_LIT("at+jwt")));
	ck_assert(slice_eq(t.payload, SLICE_LIT("{}")));
	ck_assert(slice_eq(t.signature, SLICE_LIT("sig")));
	text_fini(&s);
	s = token_of(SLICE_LIT("{\"alg\":\"HS256\"}"));
	ck_assert_int_eq(jws_parse(text_slice(&s), room, &t), JWS_OK);
	ck_assert(t.kid.n == 0 && t.typ.n == 0);
	text_fini(&s);
}
END_TEST

static const struct {
	const char *header;
	enum jws_result want;
} headers[] = {
	{ "{\"alg\":\"ES256\"}", JWS_OK },
	{ " {\"alg\" : \"ES256\"}\r\n", JWS_OK },
	{ "{\"alg\":\"none\"}", JWS_ALGORITHM },
	{ "{\"alg\":\"None\"}", JWS_ALGORITHM },
	{ "{\"alg\":\"es256\"}", JWS_ALGORITHM },
	{ "{\"alg\":\"ES256K\"}", JWS_ALGORITHM },
	{ "{\"alg\":\"\"}", JWS_ALGORITHM },
	{ "{\"alg\":\"HS256\",\"crit\":[\"exp\"]}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"crit\":[]}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"crit\":null}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"\\u0063rit\":null}", JWS_CRITICAL },
	{ "{\"alg\":\"none\",\"crit\":[\"b64\"]}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"b64\":false}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"b64\":true}", JWS_CRITICAL },
	{ "{\"alg\":\"HS256\",\"zip\":\"DEF\"}", JWS_CRITICAL },
	{ "{}", JWS_MALFORMED },
	{ "{\"Alg\":\"HS256\"}", JWS_MALFORMED },
	{ "{\"alg\":null}", JWS_MALFORMED },
	{ "{\"alg\":256}", JWS_MALFORMED },
	{ "{\"alg\":[\"HS256\"]}", JWS_MALFORMED },
	{ "{\"alg\":{\"alg\":\"HS256\"}}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\\n\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\\u0000\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"alg\":\"HS256\"}", JWS_MALFORMED },
	{ "{\"alg\":\"none\",\"alg\":\"HS256\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"\\u0061lg\":\"none\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":1}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":null}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":[\"a\"]}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":\"a\\r\\nb\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":\"\x7f\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":\"\xff\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"kid\":\"a\",\"kid\":\"b\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"typ\":{}}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"typ\":\"JWT\\u0007\"}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\"}{}", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\"} x", JWS_MALFORMED },
	{ "[\"alg\",\"HS256\"]", JWS_MALFORMED },
	{ "\"HS256\"", JWS_MALFORMED },
	{ "{\"alg\":\"HS256\",\"x\":[[[[[[[[]]]]]]]]}", JWS_MALFORMED },
	{ "\xef\xbb\xbf{\"alg\":\"HS256\"}", JWS_MALFORMED },
};

START_TEST(header_rows)
{
	ck_assert_msg(parse_header(headers[_i].header) == headers[_i].want,
	    "%s", headers[_i].header);
}
END_TEST

START_TEST(kid_length)
{
	for (int n = JWS_KID_MAX; n <= JWS_KID_MAX + 1; n++) {
		char header[512];

		(void)snprintf(header, sizeof(header),
		    "{\"alg\":\"HS256\",\"kid\":\"%0*d\"}", n, 7);
		ck_assert_int_eq(parse_header(header),
		    n == JWS_KID_MAX ? JWS_OK : JWS_MALFORMED);
	}
}
END_TEST

/* eyJhbGciOiJIUzI1NiJ9 is {"alg":"HS256"}. */
static const char *const bad[] = {
	"",
	".",
	"..",
	"...",
	"eyJhbGciOiJIUzI1NiJ9",
	"eyJhbGciOiJIUzI1NiJ9.e30",
	"eyJhbGciOiJIUzI1NiJ9.e30.",
	"eyJhbGciOiJIUzI1NiJ9..c2ln",
	".e30.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln.",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln.c2ln.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30..c2ln",
	" eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln ",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln\n",
	"eyJhbGciOiJIUzI1NiJ9. e30.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln!!",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2ln==",
	"eyJhbGciOiJIUzI1NiJ9.e30=.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e31.c2ln",
	"eyJhbGciOiJIUzI1NiJ9.e30.c2h",
	"eyJhbGciOiJIUzI1NiJ9.e30.c+/n",
	"eyJhbGciOiJIUzI1NiJ9.e.c2ln",
	"Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln",
	"{\"alg\":\"HS256\"}.{}.sig",
	"eyJhbGciOiJIUzI1NiJ9%2Ee30.c2ln",
	/* RFC 7515 A.5: unsecured */
	"eyJhbGciOiJub25lIn0."
	"eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt"
	"cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.",
};

START_TEST(refuses)
{
	ck_assert_msg(
	    parse_exact(slice_str(bad[_i])) == JWS_MALFORMED, "%s", bad[_i]);
	ck_assert_int_eq(
	    parse_exact(SLICE_LIT("eyJhbGciOiJIUzI1NiJ9.e30.c2ln")), JWS_OK);
	ck_assert_int_eq(
	    parse_exact(SLICE_LIT("eyJhbGciOiJIUzI1NiJ9.e30.c2l\0")),
	    JWS_MALFORMED);
}
END_TEST

/* A token of n bytes, most of them payload. */
static enum jws_result
parse_large(size_t n)
{
	static char text[JWS_BYTES_MAX + 1], large[JWS_BYTES_MAX + 1];
	struct jws t;

	memset(text, 'A', sizeof(text));
	memcpy(text, "eyJhbGciOiJIUzI1NiJ9.", 21);
	memcpy(text + n - 5, ".c2ln", 5);
	return jws_parse(slice_make(text, n), large, &t);
}

START_TEST(refuses_large)
{
	ck_assert_int_eq(parse_large(JWS_BYTES_MAX), JWS_OK);
	ck_assert_int_eq(parse_large(JWS_BYTES_MAX + 1), JWS_MALFORMED);
}
END_TEST

/* Cut anywhere, an example is no token, or the same with less signature. */
START_TEST(cut_short)
{
	struct slice whole = slice_str(vectors[_i].token);
	struct jws t, cut;

	ck_assert_int_eq(jws_parse(whole, room, &t), JWS_OK);
	for (size_t n = 0; n < whole.n; n++) {
		static char other[JWS_BYTES_MAX];

		if (jws_parse(slice_make(whole.p, n), other, &cut) != JWS_OK)
			continue;
		ck_assert(slice_eq(cut.input, t.input));
		ck_assert_uint_lt(cut.signature.n, t.signature.n);
	}
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("jws");
	TCase *tc = tcase_create("jws");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, examples, 0, VECTORS);
	tcase_add_test(tc, header_members);
	tcase_add_loop_test(tc, header_rows, 0, ROWS(headers));
	tcase_add_test(tc, kid_length);
	tcase_add_loop_test(tc, refuses, 0, ROWS(bad));
	tcase_add_test(tc, refuses_large);
	tcase_add_loop_test(tc, cut_short, 0, VECTORS);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
