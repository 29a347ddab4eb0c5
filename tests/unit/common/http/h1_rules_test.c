/*
 * Tests of h1_rules.c, through the parser: targets against Host, framing,
 * persistence, expectations.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/h1_parse.h"
#include "common/http/h1_rules.h"

#define V11 " HTTP/1.1\r\n"
#define V10 " HTTP/1.0\r\n"
#define POST11 "POST /" V11 "Host: a\r\n"
#define POST10 "POST /" V10
#define R11 "HTTP/1.1 200 OK\r\n"
#define R10 "HTTP/1.0 200 OK\r\n"

static const struct codec_limits limits = { 4096, 1024, 16 };

/* The slices of h point into one buffer: one head at a time. */
static int
parse(const char *text, int method, struct head *h, struct field *fields,
    enum codec_error *error)
{
	static char whole[512];
	int n = snprintf(whole, sizeof(whole), "%s\r\n", text);

	*error = CODEC_OK;
	if (method < 0)
		return h1_parse_request(
		    whole, (size_t)n, &limits, h, fields, error);
	return h1_parse_response(
	    whole, (size_t)n, &limits, (uint8_t)method, h, fields, error);
}

/* method below 0: a request. */
static const struct {
	const char *text;
	int method;
	enum codec_error error;
} bad[] = {
	/* Targets (RFC 9112 3.2). */
	{ "GET a" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET ?a" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET *" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "OPTIONS *x" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET a:80" V11 "Host: a:80\r\n", -1, CODEC_BAD_TARGET },
	{ "GET ftp://a/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http:/a/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http:///" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http://" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http://u@a/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http://a:/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http://a:0/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "GET http://a\\b/" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "CONNECT /" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "CONNECT a" V11 "Host: a\r\n", -1, CODEC_BAD_TARGET },
	{ "CONNECT http://a:80/" V11 "Host: a:80\r\n", -1, CODEC_BAD_TARGET },
	/* Host (RFC 9112 3.2). */
	{ "GET /" V11, -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host:\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a\r\nHost: a\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a\r\nhost: b\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V10 "Host: a\r\nHost: a\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V10 "Host: a b\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a, b\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: http://a\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: u@a\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a/b\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a:65536\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: a:\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: [::1\r\n", -1, CODEC_BAD_HOST },
	{ "GET /" V11 "Host: %61\r\n", -1, CODEC_BAD_HOST },
	{ "GET http://a/" V11, -1, CODEC_BAD_HOST },
	{ "GET http://a/" V11 "Host:\r\n", -1, CODEC_BAD_HOST },
	{ "GET http://a/" V10 "Host:\r\n", -1, CODEC_BAD_HOST },
	{ "GET http://a/" V11 "Host: b\r\n", -1, CODEC_BAD_HOST },
	{ "GET http://a/" V11 "Host: a:443\r\n", -1, CODEC_BAD_HOST },
	{ "GET https://a/" V11 "Host: a:80\r\n", -1, CODEC_BAD_HOST },
	{ "GET http://a:81/" V11 "Host: a\r\n", -1, CODEC_BAD_HOST },
	{ "CONNECT a:1" V11 "Host: a:2\r\n", -1, CODEC_BAD_HOST },
	/* Content-Length (RFC 9110 8.6). */
	{ POST11 "Content-Length:\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: -1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: +1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1 1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 0x1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1a\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1.0\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1,1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1, 1\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: \"1\"\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: \xb2\r\n", -1, CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 9223372036854775808\r\n", -1,
	    CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 18446744073709551617\r\n", -1,
	    CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1\r\nContent-Length: 1\r\n", -1,
	    CODEC_BAD_LENGTH },
	{ POST11 "Content-Length: 1\r\ncontent-length: 2\r\n", -1,
	    CODEC_BAD_LENGTH },
	/* Transfer-Encoding (RFC 9112 6.1). */
	{ POST11 "Transfer-Encoding:\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: gzip\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: identity\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: gzip, chunked\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked, gzip\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked,\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: ,chunked\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked, chunked\r\n", -1,
	    CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked;q=1\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: \"chunked\"\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: xchunked\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunke\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked\r\n"
		 "Transfer-Encoding: chunked\r\n",
	    -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked\r\n"
		 "transfer-encoding: identity\r\n",
	    -1, CODEC_BAD_CODING },
	{ POST10 "Transfer-Encoding: chunked\r\n", -1, CODEC_BAD_CODING },
	{ POST11 "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", -1,
	    CODEC_LENGTH_AND_CODING },
	{ POST11 "Content-Length: 0\r\nTransfer-Encoding: x\r\n", -1,
	    CODEC_LENGTH_AND_CODING },
	/* Others. */
	{ POST11 "Expect: 100\r\n", -1, CODEC_BAD_EXPECT },
	{ POST11 "Expect:\r\n", -1, CODEC_BAD_EXPECT },
	{ POST11 "Expect: 100-continue, x\r\n", -1, CODEC_BAD_EXPECT },
	{ POST11 "Expect: 100-continue\r\nExpect: 100-continue\r\n", -1,
	    CODEC_BAD_EXPECT },
	{ POST11 "Authorization: a\r\nAuthorization: b\r\n", -1,
	    CODEC_BAD_FIELD },
	/* Responses. */
	{ R11 "Content-Length: x\r\n", METHOD_GET, CODEC_BAD_LENGTH },
	{ R11 "Content-Length: 1\r\nContent-Length: 1\r\n", METHOD_HEAD,
	    CODEC_BAD_LENGTH },
	{ R11 "Transfer-Encoding: gzip\r\n", METHOD_GET, CODEC_BAD_CODING },
	{ R10 "Transfer-Encoding: chunked\r\n", METHOD_GET, CODEC_BAD_CODING },
	{ R11 "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", METHOD_GET,
	    CODEC_LENGTH_AND_CODING },
};

START_TEST(refusals)
{
	struct field fields[16];
	enum codec_error error;
	struct head h;
	int used = parse(bad[_i].text, bad[_i].method, &h, fields, &error);

	ck_assert_msg(used == -1 && error == bad[_i].error, "%s: %d %s, not %s",
	    bad[_i].text, used, codec_error_name(error),
	    codec_error_name(bad[_i].error));
}
END_TEST

static const struct {
	const char *text, *target, *host;
} places[] = {
	{ "GET /x" V11 "Host: a\r\n", "/x", "a" },
	{ "GET //x" V11 "Host: [::1]:80\r\n", "//x", "[::1]:80" },
	{ "GET /http://b/" V11 "Host: a\r\n", "/http://b/", "a" },
	{ "GET /" V10, "/", "" },
	{ "GET /" V10 "Host:\r\n", "/", "" },
	{ "GET /" V10 "Host: a\r\n", "/", "a" },
	{ "OPTIONS *" V11 "Host: a\r\n", "*", "a" },
	{ "GET http://a/x?y" V11 "Host: a\r\n", "/x?y", "a" },
	{ "GET HTTP://A:80/" V11 "Host: a\r\n", "/", "A:80" },
	{ "GET https://a/" V11 "Host: a:443\r\n", "/", "a" },
	{ "GET http://a" V11 "Host: a\r\n", "/", "a" },
	{ "GET http://a?x" V11 "Host: a\r\n", "?x", "a" },
	{ "GET http://a/" V10, "/", "a" },
	{ "OPTIONS http://a" V11 "Host: a\r\n", "*", "a" },
	{ "OPTIONS http://a/" V11 "Host: a\r\n", "/", "a" },
	{ "CONNECT a:443" V11 "Host: A:443\r\n", "a:443", "a:443" },
};

START_TEST(destinations)
{
	struct field fields[16];
	enum codec_error error;
	struct head h;
	int used = parse(places[_i].text, -1, &h, fields, &error);

	ck_assert_msg(
	    used > 0, "%s: %s", places[_i].text, codec_error_name(error));
	ck_assert(slice_eq(h.target, slice_str(places[_i].target)));
	ck_assert(slice_eq(h.host, slice_str(places[_i].host)));
}
END_TEST

#define NONE BODY_NONE
#define LENGTH BODY_LENGTH
#define STREAM BODY_STREAM

static const struct {
	const char *text;
	int method; /* below 0: a request */
	enum body_kind body;
	uint64_t length;
	bool close, expect;
} framings[] = {
	{ "GET /" V11 "Host: a\r\n", -1, NONE, 0, false, false },
	{ POST11 "Content-Length: 0\r\n", -1, LENGTH, 0, false, false },
	{ POST11 "Content-Length: 0042\r\n", -1, LENGTH, 42, false, false },
	{ POST11 "Content-Length: 9223372036854775807\r\n", -1, LENGTH,
	    INT64_MAX, false, false },
	{ POST11 "Transfer-Encoding: Chunked\r\n", -1, STREAM, 0, false,
	    false },
	{ POST10 "Content-Length: 1\r\n", -1, LENGTH, 1, true, false },
	/* Persistence (RFC 9112 9.3). */
	{ POST11 "Connection: close\r\n", -1, NONE, 0, true, false },
	{ POST11 "Connection: keep-alive\r\n", -1, NONE, 0, false, false },
	{ POST11 "Connection: x, CLOSE\r\n", -1, NONE, 0, true, false },
	{ POST11 "Connection: x\r\nConnection: close\r\n", -1, NONE, 0, true,
	    false },
	{ POST11 "Connection: keep-alive, close\r\n", -1, NONE, 0, true,
	    false },
	{ POST11 "Connection: closed\r\n", -1, NONE, 0, false, false },
	{ "CONNECT a:1" V11 "Host: a:1\r\n", -1, NONE, 0, true, false },
	{ POST10, -1, NONE, 0, true, false },
	{ POST10 "Connection: Keep-Alive\r\n", -1, NONE, 0, false, false },
	{ POST10 "Connection: keep-alive, close\r\n", -1, NONE, 0, true,
	    false },
	{ POST10 "Connection: x\r\n", -1, NONE, 0, true, false },
	{ POST10 "Proxy-Connection: keep-alive\r\n", -1, NONE, 0, true, false },
	/* Expect (RFC 9110 10.1.1). */
	{ POST11 "Content-Length: 1\r\nExpect: 100-Continue\r\n", -1, LENGTH, 1,
	    false, true },
	{ POST11 "Expect: 100-continue\r\n", -1, NONE, 0, false, false },
	{ POST10 "Content-Length: 1\r\nExpect: 100-continue\r\n", -1, LENGTH, 1,
	    true, false },
	/* Responses (RFC 9112 6.3). */
	{ R11 "Content-Length: 3\r\n", METHOD_GET, LENGTH, 3, false, false },
	{ R11 "Transfer-Encoding: chunked\r\n", METHOD_GET, STREAM, 0, false,
	    false },
	{ R11, METHOD_GET, STREAM, 0, true, false },
	{ R10 "Connection: keep-alive\r\n", METHOD_GET, STREAM, 0, true,
	    false },
	{ R10 "Connection: keep-alive\r\nContent-Length: 3\r\n", METHOD_GET,
	    LENGTH, 3, false, false },
	{ R10 "Content-Length: 3\r\n", METHOD_GET, LENGTH, 3, true, false },
	{ R11 "Connection: close\r\nContent-Length: 3\r\n", METHOD_GET, LENGTH,
	    3, true, false },
	{ R11 "Content-Length: 3\r\n", METHOD_HEAD, NONE, 3, false, false },
	{ R11 "Transfer-Encoding: chunked\r\n", METHOD_HEAD, NONE, 0, false,
	    false },
	{ R11, METHOD_HEAD, NONE, 0, false, false },
	{ "HTTP/1.1 304 x\r\nContent-Length: 9\r\n", METHOD_GET, NONE, 9, false,
	    false },
	/* Who announces what must not come may send it all the same. */
	{ "HTTP/1.1 204 x\r\nContent-Length: 9\r\n", METHOD_GET, NONE, 9, true,
	    false },
	{ "HTTP/1.1 204 x\r\nContent-Length: 0\r\n", METHOD_GET, NONE, 0, false,
	    false },
	{ "HTTP/1.1 204 x\r\nTransfer-Encoding: chunked\r\n", METHOD_GET, NONE,
	    0, true, false },
	{ "HTTP/1.1 103 x\r\nContent-Length: 9\r\n", METHOD_GET, NONE, 9, true,
	    false },
	{ "HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n", METHOD_GET, NONE,
	    0, false, false },
	{ "HTTP/1.1 205 x\r\nContent-Length: 0\r\n", METHOD_GET, LENGTH, 0,
	    false, false },
	{ "HTTP/1.1 205 x\r\n", METHOD_GET, NONE, 0, true, false },
	{ R11 "Content-Length: 9\r\n", METHOD_CONNECT, NONE, 9, false, false },
	/* A response's fields may come twice where framing does not care. */
	{ R11 "Content-Type: a\r\nContent-Type: b\r\nContent-Length: 1\r\n",
	    METHOD_GET, LENGTH, 1, false, false },
};

START_TEST(message_framing)
{
	struct field fields[16];
	enum codec_error error;
	struct head h;
	int used =
	    parse(framings[_i].text, framings[_i].method, &h, fields, &error);

	ck_assert_msg(
	    used > 0, "%s: %s", framings[_i].text, codec_error_name(error));
	ck_assert_msg(h.body == framings[_i].body, "%s: body %u",
	    framings[_i].text, h.body);
	ck_assert_uint_eq(h.length, framings[_i].length);
	ck_assert_msg(
	    h.close == framings[_i].close, "%s: close", framings[_i].text);
	ck_assert_int_eq(h.expect_continue, framings[_i].expect);
}
END_TEST

static const struct {
	const char *value;
	bool nominates;
} nominations[] = {
	{ "close", false },
	{ "Keep-Alive", false },
	{ "TE, upgrade ,close", false },
	{ ",", false },
	{ "X-Sum", true },
	{ "close, x-sum", true },
	{ "Content-Length", true },
};

START_TEST(nominating)
{
	struct field f[] = {
		{ SLICE_LIT("Accept"), SLICE_LIT("x"), FIELD_ACCEPT },
		{ SLICE_LIT("Connection"), slice_str(nominations[_i].value),
		    FIELD_CONNECTION },
	};
	struct head h = { .count = 2, .fields = f };

	ck_assert_int_eq(h1_nominates(&h), nominations[_i].nominates);
}
END_TEST

START_TEST(secured_targets)
{
	struct field fields[16];
	enum codec_error error;
	struct head h;

	parse("GET https://a/" V11 "Host: a\r\n", -1, &h, fields, &error);
	ck_assert(h.https);
	parse("GET http://a/" V11 "Host: a\r\n", -1, &h, fields, &error);
	ck_assert(!h.https);
	parse("GET /" V11 "Host: a\r\n", -1, &h, fields, &error);
	ck_assert(!h.https);
}
END_TEST

START_TEST(bodiless)
{
	ck_assert(h1_bodiless(METHOD_HEAD, 200));
	ck_assert(h1_bodiless(METHOD_GET, 100));
	ck_assert(h1_bodiless(METHOD_GET, 204));
	ck_assert(h1_bodiless(METHOD_GET, 304));
	ck_assert(h1_bodiless(METHOD_CONNECT, 200));
	ck_assert(!h1_bodiless(METHOD_CONNECT, 400));
	ck_assert(!h1_bodiless(METHOD_GET, 200));
	ck_assert(!h1_bodiless(METHOD_GET, 205));
}
END_TEST

#define COUNT(rows) (int)(sizeof(rows) / sizeof((rows)[0]))

int
main(void)
{
	Suite *suite = suite_create("h1_rules");
	TCase *tc = tcase_create("h1_rules");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, refusals, 0, COUNT(bad));
	tcase_add_loop_test(tc, destinations, 0, COUNT(places));
	tcase_add_loop_test(tc, message_framing, 0, COUNT(framings));
	tcase_add_loop_test(tc, nominating, 0, COUNT(nominations));
	tcase_add_test(tc, secured_targets);
	tcase_add_test(tc, bodiless);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
