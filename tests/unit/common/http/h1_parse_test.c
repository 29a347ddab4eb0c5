/*
 * Tests of h1_parse.c: start lines, field lines, limits. Every row is also
 * read cut short at every byte: a part of it may be incomplete or already
 * wrong, but never wrong in another way than the whole.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/h1_parse.h"

#define FIELDS 8
#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define OK200 "HTTP/1.1 200 OK\r\n"

enum kind { REQUEST, RESPONSE, TRAILERS };

struct reading {
	struct head head;
	struct field fields[FIELDS];
	enum codec_error error;
	int used;
	char *copy; /* as large as the input: the sanitizers see more */
};

static const struct codec_limits limits = { 256, 40, FIELDS };

static void
read_part(struct reading *r, enum kind kind, struct slice text)
{
	r->error = CODEC_OK;
	r->copy = malloc(text.n + 1);
	memcpy(r->copy + 1, text.p, text.n);
	switch (kind) {
	case REQUEST:
		r->used = h1_parse_request(r->copy + 1, text.n, &limits,
		    &r->head, r->fields, &r->error);
		break;
	case RESPONSE:
		r->used = h1_parse_response(r->copy + 1, text.n, &limits,
		    METHOD_GET, &r->head, r->fields, &r->error);
		break;
	case TRAILERS:
		r->used = h1_parse_trailers(r->copy + 1, text.n, &limits,
		    &r->head, r->fields, &r->error);
		break;
	}
}

static void
check_parts(enum kind kind, struct slice text, enum codec_error want)
{
	struct reading r;

	for (size_t n = 0; n < text.n; n++) {
		read_part(&r, kind, slice_make(text.p, n));
		ck_assert_msg(r.used == 0 || (r.used < 0 && r.error == want),
		    "%zu bytes of %.*s: %s", n, SLICE_FMT(text),
		    codec_error_name(r.error));
		free(r.copy);
	}
}

#define X10 "xxxxxxxxxx"
#define X40 X10 X10 X10 X10

static const struct {
	enum kind kind;
	struct slice text;
	enum codec_error error;
} bad[] = {
#define BAD(kind, text, error)                       \
	{                                            \
		kind, SLICE_LIT(text), CODEC_##error \
	}
	/* The request line (RFC 9112 3). */
	BAD(REQUEST, "\r\n\r\n" GET H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "\n" GET H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "\rG", BAD_LINE_END),
	BAD(REQUEST, " GET / HTTP/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET\r\n\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET\n", BAD_START_LINE),
	BAD(REQUEST, "GET /\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / \r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET /\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET  / HTTP/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET\t/ HTTP/1.1\r\n" H "\r\n", BAD_METHOD),
	BAD(REQUEST, "G\xc3T / HTTP/1.1\r\n" H "\r\n", BAD_METHOD),
	BAD(REQUEST, "GE(T / HTTP/1.1\r\n" H "\r\n", BAD_METHOD),
	BAD(REQUEST, "\x16\x03\x01\x02", BAD_METHOD),
	BAD(REQUEST, "xxx" X10 X10 X10 " / HTTP/1.1\r\n", METHOD_TOO_LONG),
	BAD(REQUEST, "GET /\t HTTP/1.1\r\n" H "\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /\0 HTTP/1.1\r\n" H "\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /\x7f HTTP/1.1\r\n" H "\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /#a HTTP/1.1\r\n" H "\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /0123456789abcde# HTTP/1.1\r\n", BAD_TARGET),
	BAD(REQUEST, "GET /" X40 " HTTP/1.1\r\n", URI_TOO_LONG),
	BAD(REQUEST, "GET /  HTTP/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / /x HTTP/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/1.1 \r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/1.10\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/1.1\n" H "\r\n", BAD_LINE_END),
	BAD(REQUEST, "GET / HTTP/1.1\r" H "\r\n", BAD_LINE_END),
	BAD(REQUEST, "GET / http/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/11\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/a.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTPS/1.1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/0.9\r\n" H "\r\n", BAD_VERSION),
	BAD(REQUEST, "GET / x\r\n\r\n", BAD_START_LINE), /* at once */
	BAD(REQUEST, "GET / HTTP\r\n\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/1,1\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/1.x\r\n" H "\r\n", BAD_START_LINE),
	BAD(REQUEST, "GET / HTTP/2.0\r\n" H "\r\n", BAD_VERSION),
	BAD(REQUEST, "GET / HTTP/3.1\r\n" H "\r\n", BAD_VERSION),
	BAD(REQUEST, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", H2_PREFACE),
	BAD(REQUEST, "PRI / HTTP/2.0\r\n\r\n", BAD_VERSION),
	BAD(REQUEST, "PRI * HTTP/2.1\r\n\r\n", BAD_VERSION),
	/* Field lines (RFC 9112 5). */
	BAD(REQUEST, GET "Host : a\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET "Host\t: a\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET " Host: a\r\n\r\n", OBS_FOLD),
	BAD(REQUEST, GET H " folded\r\n\r\n", OBS_FOLD),
	BAD(REQUEST, GET H "\tfolded: x\r\n\r\n", OBS_FOLD),
	BAD(REQUEST, GET H "A: b\r\n \r\n\r\n", OBS_FOLD),
	BAD(REQUEST, GET H ": empty\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "no colon\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "none\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a@b: x\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "abcdefghijklmnop{: 0123456789\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "\x80: x\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a\0: x\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: x\0y\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: \x01\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: 0123456789abcdef\x7f\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: 0123456789abcdef0\x1b\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: x\x7f" X40 "\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: x\x1f" X40 "\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: x\0" X40 "\r\n\r\n", BAD_FIELD),
	BAD(REQUEST, GET H "a: x\n\r\n", BAD_LINE_END),
	BAD(REQUEST, GET H "a: x\n\n", BAD_LINE_END),
	BAD(REQUEST, GET H "a: x\ry: z\r\n\r\n", BAD_LINE_END),
	BAD(REQUEST, GET H "a: x\r\r\n\r\n", BAD_LINE_END),
	BAD(REQUEST, GET H "a\nb: x\r\n\r\n", BAD_LINE_END),
	BAD(REQUEST, GET H "\n", BAD_LINE_END),
	BAD(REQUEST, GET H "\rx", BAD_LINE_END),
	BAD(REQUEST,
	    GET H "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\n"
		  "\r\n",
	    TOO_MANY_FIELDS),
	BAD(REQUEST, GET H "a: " X40 X40 X40 X40 X40 X40, HEAD_TOO_LARGE),
	BAD(REQUEST, GET H X40 X40 X40 X40 X40 X40, HEAD_TOO_LARGE),
	/* The status line (RFC 9112 4). */
	BAD(RESPONSE, "\r\n" OK200 "\r\n", BAD_START_LINE),
	BAD(RESPONSE, "ICY 200 OK\r\n\r\n", BAD_START_LINE),
	BAD(RESPONSE, "http/1.1 200 OK\r\n\r\n", BAD_START_LINE),
	BAD(RESPONSE, "HTTP/2.0 200 OK\r\n\r\n", BAD_VERSION),
	BAD(RESPONSE, "OK\r\n\r\n", BAD_START_LINE), /* at once */
	BAD(RESPONSE, "HTTP/1.1\r\n\r\n", BAD_START_LINE),
	BAD(RESPONSE, "HTTP/1.1\t200 OK\r\n\r\n", BAD_START_LINE),
	BAD(RESPONSE, "HTTP/1.1  200 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 20 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 099 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 600 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 2000 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 2xx OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 +20 OK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 200\tOK\r\n\r\n", BAD_STATUS),
	BAD(RESPONSE, "HTTP/1.1 200\n\r\n", BAD_LINE_END),
	BAD(RESPONSE, "HTTP/1.1 200 O\0K\r\n\r\n", BAD_START_LINE),
	BAD(RESPONSE, "HTTP/1.1 200 O\nK\r\n\r\n", BAD_LINE_END),
	BAD(RESPONSE, "HTTP/1.1 200 OK\rX\r\n\r\n", BAD_LINE_END),
	BAD(RESPONSE, OK200 "A : b\r\n\r\n", BAD_FIELD),
	BAD(RESPONSE, OK200 "A: b\r\n c\r\n\r\n", OBS_FOLD),
	BAD(RESPONSE, OK200 "A: b\n\r\n", BAD_LINE_END),
	BAD(RESPONSE, "HTTP/1.1 200 " X40 X40 X40 X40 X40 X40 X40,
	    HEAD_TOO_LARGE),
	/* Trailers (RFC 9112 7.1.2). */
	BAD(TRAILERS, "\n", BAD_LINE_END),
	BAD(TRAILERS, "\rX", BAD_LINE_END),
	BAD(TRAILERS, " a: b\r\n\r\n", OBS_FOLD),
	BAD(TRAILERS, "a : b\r\n\r\n", BAD_FIELD),
	BAD(TRAILERS, "a: b\n\r\n", BAD_LINE_END),
	BAD(TRAILERS, "Content-Length: 1\r\n\r\n", BAD_FIELD),
	BAD(TRAILERS, "transfer-encoding: chunked\r\n\r\n", BAD_FIELD),
	BAD(TRAILERS, "Host: a\r\n\r\n", BAD_FIELD),
	BAD(TRAILERS, "a: " X40 X40 X40 X40 X40 X40 X40, TRAILERS_TOO_LARGE),
	BAD(TRAILERS,
	    "a:1\r\nb:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\ni:9\r\n"
	    "\r\n",
	    TOO_MANY_FIELDS),
};

START_TEST(refusals)
{
	struct reading r;

	read_part(&r, bad[_i].kind, bad[_i].text);
	ck_assert_msg(r.used == -1 && r.error == bad[_i].error,
	    "%.*s: %d %s, not %s", SLICE_FMT(bad[_i].text), r.used,
	    codec_error_name(r.error), codec_error_name(bad[_i].error));
	free(r.copy);
	check_parts(bad[_i].kind, bad[_i].text, bad[_i].error);
}
END_TEST

static const struct {
	enum kind kind;
	struct slice text;
	const char *shows; /* "METHOD target" or "status reason", then fields */
} good[] = {
#define GOOD(kind, text, shows)              \
	{                                    \
		kind, SLICE_LIT(text), shows \
	}
	GOOD(REQUEST, GET H "\r\n", "GET / 1.1|Host=a"),
	GOOD(REQUEST, "\r\n" GET H "\r\n", "GET / 1.1|Host=a"),
	GOOD(REQUEST, "GET / HTTP/1.0\r\n\r\n", "GET / 1.0"),
	/* RFC 9110 2.5: read as the highest known of its major version. */
	GOOD(REQUEST, "GET / HTTP/1.2\r\n" H "\r\n", "GET / 1.1|Host=a"),
	GOOD(REQUEST, "GET / HTTP/1.9\r\n" H "\r\n", "GET / 1.1|Host=a"),
	GOOD(RESPONSE, "HTTP/1.2 200 OK\r\n\r\n", "200 OK 1.1"),
	GOOD(REQUEST, "get / HTTP/1.1\r\n" H "\r\n", "get / 1.1|Host=a"),
	GOOD(REQUEST, "!#$%&'*+-.^_`|~ /\"<>\\^`{|} HTTP/1.1\r\n" H "\r\n",
	    "!#$%&'*+-.^_`|~ /\"<>\\^`{|} 1.1|Host=a"),
	GOOD(REQUEST, "xx" X10 X10 X10 " / HTTP/1.1\r\n" H "\r\n",
	    "xx" X10 X10 X10 " / 1.1|Host=a"),
	GOOD(REQUEST, "GET /xxxxxxxxx" X10 X10 X10 " HTTP/1.1\r\n" H "\r\n",
	    "GET /xxxxxxxxx" X10 X10 X10 " 1.1|Host=a"),
	/* OWS goes, everything else in a value stays (RFC 9110 5.5). */
	GOOD(REQUEST, GET "HOST:a\r\nX: \t a \tb\t \r\nY:\r\nZ: \t\r\n\r\n",
	    "GET / 1.1|HOST=a|X=a \tb|Y=|Z="),
	GOOD(REQUEST, GET H "X: \x80\xff 0123456789\tabcdef\"\\:,;\r\n\r\n",
	    "GET / 1.1|Host=a|X=\x80\xff 0123456789\tabcdef\"\\:,;"),
	GOOD(REQUEST,
	    GET H "abcdefghijklmno_pqrst-UVW.1: x\r\n!#$%&'*+^`|~:y\r\n\r\n",
	    "GET / 1.1|Host=a|abcdefghijklmno_pqrst-UVW.1=x|"
	    "!#$%&'*+^`|~=y"),
	GOOD(REQUEST,
	    GET H "b:2\r\nc:3\r\nd:4\r\ne:5\r\nf:6\r\ng:7\r\nh:8\r\n\r\n",
	    "GET / 1.1|Host=a|b=2|c=3|d=4|e=5|f=6|g=7|h=8"),
	/* 256 bytes with its final CRLF. */
	GOOD(REQUEST, GET H "x: " X40 X40 X40 X40 X40 X10 X10 "xxxx\r\n\r\n",
	    "GET / 1.1|Host=a|x=" X40 X40 X40 X40 X40 X10 X10 "xxxx"),
	GOOD(RESPONSE, OK200 "\r\n", "200 OK 1.1"),
	GOOD(RESPONSE, "HTTP/1.0 599 \r\n\r\n", "599  1.0"),
	GOOD(RESPONSE, "HTTP/1.1 100 A \t\x80 B\r\n\r\n", "100 A \t\x80 B 1.1"),
	GOOD(RESPONSE, "HTTP/1.1 204\r\nA: b\r\n\r\n", "204  1.1|A=b"),
	GOOD(TRAILERS, "\r\n", ""),
	GOOD(TRAILERS, "a: b\r\nC: d\r\n\r\n", "|a=b|C=d"),
};

static void
show(const struct reading *r, enum kind kind, char *out, size_t size)
{
	const struct head *h = &r->head;
	const char *version = h->version == HTTP_1_1 ? "1.1" : "1.0";
	int n = 0;

	if (kind == REQUEST)
		n = snprintf(out, size, "%.*s %.*s %s",
		    SLICE_FMT(h->method_text), SLICE_FMT(h->target), version);
	else if (kind == RESPONSE)
		n = snprintf(out, size, "%u %.*s %s", h->status,
		    SLICE_FMT(h->reason), version);
	out[n] = '\0';
	for (uint32_t i = 0; i < h->count; i++)
		n += snprintf(out + n, size - (size_t)n, "|%.*s=%.*s",
		    SLICE_FMT(h->fields[i].name),
		    SLICE_FMT(h->fields[i].value));
}

START_TEST(readings)
{
	struct slice text = good[_i].text;
	struct reading r;
	char shown[512];
	char more[512];

	read_part(&r, good[_i].kind, text);
	ck_assert_msg(r.used == (int)text.n, "%.*s: %d %s", SLICE_FMT(text),
	    r.used, codec_error_name(r.error));
	show(&r, good[_i].kind, shown, sizeof(shown));
	ck_assert_str_eq(shown, good[_i].shows);
	free(r.copy);
	check_parts(good[_i].kind, text, CODEC_OK);
	/* What stands behind does not matter. */
	memcpy(more, text.p, text.n);
	memcpy(more + text.n, "\n\0: \r", 5);
	read_part(&r, good[_i].kind, slice_make(more, text.n + 5));
	ck_assert_int_eq(r.used, (int)text.n);
	free(r.copy);
}
END_TEST

START_TEST(known_fields)
{
	struct reading r;

	read_part(&r, REQUEST,
	    SLICE_LIT(GET "hOsT: a\r\nx-y: 1\r\naccept: 2\r\nACCEPT: 3\r\n"
			  "\r\n"));
	ck_assert_int_gt(r.used, 0);
	ck_assert_uint_eq(r.head.method, METHOD_GET);
	ck_assert_uint_eq(r.fields[0].id, FIELD_HOST);
	ck_assert_uint_eq(r.fields[1].id, FIELD_OTHER);
	ck_assert_uint_eq(r.fields[3].id, FIELD_ACCEPT);
	ck_assert_uint_eq(r.head.present,
	    (uint64_t)1 << FIELD_HOST | (uint64_t)1 << FIELD_ACCEPT);
	free(r.copy);
}
END_TEST

/* A head that fills its limit and is not whole yet never will be. */
START_TEST(limit_is_exact)
{
	static const char start[] = GET H "x: ";
	char text[256];
	struct reading r;

	memset(text, 'x', sizeof(text));
	memcpy(text, start, sizeof(start) - 1);
	read_part(&r, REQUEST, slice_make(text, limits.head_bytes - 1));
	ck_assert_int_eq(r.used, 0);
	free(r.copy);
	read_part(&r, REQUEST, slice_make(text, limits.head_bytes));
	ck_assert_int_eq(r.used, -1);
	ck_assert_int_eq(r.error, CODEC_HEAD_TOO_LARGE);
	free(r.copy);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h1_parse");
	TCase *tc = tcase_create("h1_parse");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, refusals, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(tc, readings, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_test(tc, known_fields);
	tcase_add_test(tc, limit_is_exact);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
