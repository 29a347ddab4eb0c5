/*
 * Tests of h2_head.c: what a header block must be to become a head, and which
 * head it becomes. Each rule of RFC 9113 8 that keeps a message from being
 * another one in HTTP/1.1 has its row.
 */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/h2_head.h"

#define PAIRS_MAX 10

static const struct codec_limits limits = { 512, 64, 8 };
static struct h2_block *block;

static void
add(const char *name, const char *value)
{
	h2_block_add(block, slice_str(name), slice_str(value));
}

static void
add_all(const char *const *pairs)
{
	for (size_t i = 0; i < PAIRS_MAX && pairs[i] != NULL; i += 2)
		add(pairs[i], pairs[i + 1]);
}

static void
begin(enum h2_block_kind kind)
{
	block = h2_block_take(kind, &limits);
	ck_assert_ptr_nonnull(block);
}

static void
give(void)
{
	h2_block_give(block);
}

static const char *const get_pairs[] = { ":method", "GET", ":scheme", "http",
	":authority", "a.example", ":path", "/x", NULL };

/* ---- requests, behind a good GET ---- */

struct row {
	const char *const pairs[PAIRS_MAX];
	enum codec_error error;
	bool open; /* the stream goes on */
};

static const struct row behind[] = {
	{ { NULL }, CODEC_OK, false },
	/* 8.2: names */
	{ { "X-Upper", "a" }, CODEC_BAD_FIELD, false },
	{ { "x-uppeR", "a" }, CODEC_BAD_FIELD, false },
	{ { "x-a-name-of-more-than-a-loaD", "a" }, CODEC_BAD_FIELD, false },
	{ { "x-a-name-of-More-than-a-load", "a" }, CODEC_BAD_FIELD, false },
	{ { "x_a.name~of-more`than-a|loaD", "a" }, CODEC_BAD_FIELD, false },
	{ { "x_a.name~of-more`than-a|load", "a" }, CODEC_OK, false },
	{ { "", "a" }, CODEC_BAD_FIELD, false },
	{ { "a b", "a" }, CODEC_BAD_FIELD, false },
	{ { "a:b", "a" }, CODEC_BAD_FIELD, false },
	{ { "a\r\nb", "a" }, CODEC_BAD_FIELD, false },
	{ { "a\x80", "a" }, CODEC_BAD_FIELD, false },
	{ { "a\x7f", "a" }, CODEC_BAD_FIELD, false },
	{ { "a(", "a" }, CODEC_BAD_FIELD, false },
	{ { "a^_`|~!#$%&'*+-.9", "a" }, CODEC_OK, false },
	/* 8.2.1: values */
	{ { "x", "a\rb" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\nb" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\r\nHost: b" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\x01" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\x7f" }, CODEC_BAD_FIELD, false },
	{ { "x", " a" }, CODEC_BAD_FIELD, false },
	{ { "x", "a " }, CODEC_BAD_FIELD, false },
	{ { "x", "\ta" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\t" }, CODEC_BAD_FIELD, false },
	{ { "x", " " }, CODEC_BAD_FIELD, false },
	{ { "x", "" }, CODEC_OK, false },
	{ { "x", "a\tb c\xff" }, CODEC_OK, false },
	/* 8.2.2: of the connection */
	{ { "connection", "close" }, CODEC_BAD_FIELD, false },
	{ { "connection", "x" }, CODEC_BAD_FIELD, false },
	{ { "keep-alive", "1" }, CODEC_BAD_FIELD, false },
	{ { "proxy-connection", "close" }, CODEC_BAD_FIELD, false },
	{ { "transfer-encoding", "chunked" }, CODEC_BAD_FIELD, true },
	{ { "transfer-encoding", "identity" }, CODEC_BAD_FIELD, true },
	{ { "upgrade", "websocket" }, CODEC_BAD_FIELD, false },
	{ { "http2-settings", "AA" }, CODEC_BAD_FIELD, false },
	{ { "te", "gzip" }, CODEC_BAD_FIELD, false },
	{ { "te", "trailers, gzip" }, CODEC_BAD_FIELD, false },
	{ { "te", "trailers" }, CODEC_OK, false },
	/* 8.3: pseudo-headers */
	{ { ":method", "GET" }, CODEC_BAD_PSEUDO, false },
	{ { ":path", "/y" }, CODEC_BAD_PSEUDO, false },
	{ { ":authority", "b" }, CODEC_BAD_PSEUDO, false },
	{ { ":scheme", "http" }, CODEC_BAD_PSEUDO, false },
	{ { ":status", "200" }, CODEC_BAD_PSEUDO, false },
	{ { ":own", "x" }, CODEC_BAD_PSEUDO, false },
	{ { ":", "x" }, CODEC_BAD_PSEUDO, false },
	{ { ":Path", "x" }, CODEC_BAD_PSEUDO, false },
	{ { ":protocol", "websocket" }, CODEC_BAD_PSEUDO, true },
	/* 8.3.1: Host */
	{ { "host", "a.example" }, CODEC_OK, false },
	{ { "host", "A.EXAMPLE" }, CODEC_OK, false },
	{ { "host", "a.example:80" }, CODEC_OK, false },
	{ { "host", "a.example:81" }, CODEC_BAD_HOST, false },
	{ { "host", "b.example" }, CODEC_BAD_HOST, false },
	{ { "host", "" }, CODEC_BAD_HOST, false },
	{ { "host", "u@a.example" }, CODEC_BAD_HOST, false },
	{ { "host", "a.example", "host", "a.example" }, CODEC_BAD_HOST, false },
	/* 8.1.1: lengths */
	{ { "content-length", "0" }, CODEC_OK, false },
	{ { "content-length", "1" }, CODEC_BAD_LENGTH, false },
	{ { "content-length", "1" }, CODEC_OK, true },
	{ { "content-length", "-1" }, CODEC_BAD_LENGTH, true },
	{ { "content-length", "+1" }, CODEC_BAD_LENGTH, true },
	{ { "content-length", "1, 1" }, CODEC_BAD_LENGTH, true },
	{ { "content-length", "" }, CODEC_BAD_LENGTH, true },
	{ { "content-length", "9223372036854775808" }, CODEC_BAD_LENGTH, true },
	{ { "content-length", "1", "content-length", "1" }, CODEC_BAD_LENGTH,
	    true },
	/* As in HTTP/1.1 */
	{ { "expect", "100-continue" }, CODEC_OK, true },
	{ { "expect", "magic" }, CODEC_BAD_EXPECT, true },
	{ { "authorization", "a", "authorization", "b" }, CODEC_BAD_FIELD,
	    false },
	{ { "range", "a", "range", "b" }, CODEC_BAD_FIELD, false },
	{ { "accept", "a", "accept", "b" }, CODEC_OK, false },
	{ { "cookie", "a=1", "cookie", "b=2" }, CODEC_OK, false },
};

START_TEST(behind_a_request)
{
	const struct row *r = &behind[_i];

	begin(H2_REQUEST);
	add_all(get_pairs);
	add_all(r->pairs);
	ck_assert_msg(h2_block_end(block, !r->open, METHOD_OTHER) == r->error,
	    "row %d, \"%s\": %s", _i, r->pairs[0] != NULL ? r->pairs[0] : "",
	    codec_error_name(block->error));
	give();
}
END_TEST

/* A field has come: no pseudo-header may (8.3). */
START_TEST(late)
{
	begin(H2_REQUEST);
	add(":method", "GET");
	add(":scheme", "http");
	add("x", "y");
	add(":path", "/");
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_BAD_PSEUDO);
	give();
}
END_TEST

START_TEST(nul_bytes)
{
	begin(H2_REQUEST);
	add_all(get_pairs);
	h2_block_add(block, SLICE_LIT("x"), SLICE_LIT("a\0b"));
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_BAD_FIELD);
	give();
	begin(H2_REQUEST);
	add_all(get_pairs);
	h2_block_add(block, SLICE_LIT("x\0"), SLICE_LIT("a"));
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_BAD_FIELD);
	give();
}
END_TEST

/* ---- whole requests ---- */

#define PLACE ":scheme", "http", ":authority", "a"

static const struct row whole[] = {
	{ { ":method", "GET", ":path", "/", PLACE }, CODEC_OK, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "https", ":authority",
	      "a" },
	    CODEC_OK, false },
	{ { NULL }, CODEC_BAD_PSEUDO, false },
	{ { ":path", "/", PLACE }, CODEC_BAD_PSEUDO, false },
	{ { ":method", "GET", PLACE }, CODEC_BAD_PSEUDO, false },
	{ { ":method", "GET", ":path", "", PLACE }, CODEC_BAD_PSEUDO, false },
	{ { ":method", "GET", ":path", "/", ":authority", "a" },
	    CODEC_BAD_PSEUDO, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "ftp", ":authority",
	      "a" },
	    CODEC_BAD_TARGET, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http\r\n", ":authority",
	      "a" },
	    CODEC_BAD_TARGET, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "", ":authority", "a" },
	    CODEC_BAD_TARGET, false },
	/* No place at all, or none that one can go to. */
	{ { ":method", "GET", ":path", "/", ":scheme", "http" }, CODEC_BAD_HOST,
	    false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", "host", "a" },
	    CODEC_OK, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "" },
	    CODEC_BAD_HOST, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "u@a" },
	    CODEC_BAD_HOST, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "u:p@a" },
	    CODEC_BAD_HOST, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "a/b" },
	    CODEC_BAD_HOST, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "a\r\nx: y" },
	    CODEC_BAD_HOST, false },
	{ { ":method", "GET", ":path", "/", ":scheme", "http", ":authority",
	      "a b" },
	    CODEC_BAD_HOST, false },
	/* Methods */
	{ { ":method", "", ":path", "/", PLACE }, CODEC_BAD_METHOD, false },
	{ { ":method", "GE T", ":path", "/", PLACE }, CODEC_BAD_METHOD, false },
	{ { ":method", "GET / HTTP/1.1\r\n", ":path", "/", PLACE },
	    CODEC_BAD_METHOD, false },
	{ { ":method", "A23456789012345678901234567890123", ":path", "/",
	      PLACE },
	    CODEC_METHOD_TOO_LONG, false },
	{ { ":method", "OWN", ":path", "/", PLACE }, CODEC_OK, false },
	/* Targets */
	{ { ":method", "GET", ":path", "x", PLACE }, CODEC_BAD_TARGET, false },
	{ { ":method", "GET", ":path", "?x", PLACE }, CODEC_BAD_TARGET, false },
	{ { ":method", "GET", ":path", "*", PLACE }, CODEC_BAD_TARGET, false },
	{ { ":method", "OPTIONS", ":path", "*", PLACE }, CODEC_OK, false },
	{ { ":method", "OPTIONS", ":path", "*x", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "http://b/", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "/ HTTP/1.1", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "/\r\nx: y", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "/a#b", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "/\xc3\xa4", PLACE }, CODEC_BAD_TARGET,
	    false },
	{ { ":method", "GET", ":path", "/\t", PLACE }, CODEC_BAD_TARGET,
	    false },
	/* 8.5: a tunnel has neither scheme nor path */
	{ { ":method", "CONNECT", ":authority", "a:1" }, CODEC_OK, true },
	{ { ":method", "CONNECT", ":authority", "a" }, CODEC_BAD_TARGET, true },
	{ { ":method", "CONNECT" }, CODEC_BAD_TARGET, true },
	{ { ":method", "CONNECT", ":path", "/", PLACE }, CODEC_BAD_PSEUDO,
	    true },
	{ { ":method", "CONNECT", PLACE }, CODEC_BAD_PSEUDO, true },
	/* RFC 8441 4 */
	{ { ":method", "CONNECT", ":protocol", "websocket", ":path", "/",
	      PLACE },
	    CODEC_OK, true },
	{ { ":method", "CONNECT", ":protocol", "web socket", ":path", "/",
	      PLACE },
	    CODEC_BAD_PSEUDO, true },
	{ { ":method", "CONNECT", ":protocol", "", ":path", "/", PLACE },
	    CODEC_BAD_PSEUDO, true },
	{ { ":method", "CONNECT", ":protocol", "x\r\ny: z", ":path", "/",
	      PLACE },
	    CODEC_BAD_PSEUDO, true },
	{ { ":method", "CONNECT", ":protocol", "x", ":path", "*", PLACE },
	    CODEC_BAD_TARGET, true },
	{ { ":method", "CONNECT", ":protocol", "x", PLACE }, CODEC_BAD_PSEUDO,
	    true },
	/* Nothing could be said in it. */
	{ { ":method", "CONNECT", ":protocol", "websocket", ":path", "/",
	      PLACE },
	    CODEC_BAD_LENGTH, false },
	{ { ":method", "GET", ":protocol", "websocket", ":path", "/", PLACE },
	    CODEC_BAD_PSEUDO, true },
};

START_TEST(whole_requests)
{
	const struct row *r = &whole[_i];

	begin(H2_REQUEST);
	add_all(r->pairs);
	ck_assert_msg(h2_block_end(block, !r->open, METHOD_OTHER) == r->error,
	    "row %d: %s", _i, codec_error_name(block->error));
	give();
}
END_TEST

/* A tunnel of its own protocol cannot have a length. */
START_TEST(connect_with_length)
{
	begin(H2_REQUEST);
	add_all((const char *const[PAIRS_MAX]){
	    ":method", "CONNECT", ":protocol", "x", ":path", "/", PLACE });
	add("content-length", "5");
	ck_assert_int_eq(
	    h2_block_end(block, false, METHOD_OTHER), CODEC_BAD_LENGTH);
	give();
}
END_TEST

/* ---- what becomes of them ---- */

static void
check_field(uint32_t i, const char *name, const char *value)
{
	const struct field *f = &block->head.fields[i];

	ck_assert_uint_lt(i, block->head.count);
	ck_assert(slice_eq(f->name, slice_str(name)));
	ck_assert_msg(
	    slice_eq(f->value, slice_str(value)), "%.*s", SLICE_FMT(f->value));
}

START_TEST(a_head)
{
	const struct head *h;

	begin(H2_REQUEST);
	h = &block->head;
	add(":method", "POST");
	add(":path", "/x?y");
	add(":scheme", "https");
	add(":authority", "A.example:8443");
	add("x-own", "v");
	add("expect", "100-continue");
	ck_assert_int_eq(h2_block_end(block, false, METHOD_OTHER), CODEC_OK);
	ck_assert_int_eq(h->method, METHOD_POST);
	ck_assert(slice_eq(h->method_text, SLICE_LIT("POST")));
	ck_assert(slice_eq(h->target, SLICE_LIT("/x?y")));
	ck_assert(slice_eq(h->host, SLICE_LIT("A.example:8443")));
	ck_assert_int_eq(h->version, HTTP_2);
	ck_assert_int_eq(h->body, BODY_STREAM);
	ck_assert(h->https && h->expect_continue && !h->close);
	ck_assert_uint_eq(h->count, 3);
	ck_assert(head_has(h, FIELD_HOST) && head_has(h, FIELD_EXPECT));
	ck_assert_uint_eq(h->present & 1, 0);
	check_field(0, "x-own", "v");
	check_field(2, "Host", "A.example:8443");
	give();
}
END_TEST

/* 8.2.3; where the first one was. */
START_TEST(cookies)
{
	begin(H2_REQUEST);
	add_all(get_pairs);
	add("cookie", "a=1");
	add("x", "y");
	add("cookie", "b=2");
	add("cookie", "");
	add("cookie", "c=3; d=4");
	ck_assert_int_eq(h2_block_end(block, true, METHOD_OTHER), CODEC_OK);
	ck_assert_uint_eq(block->head.count, 3);
	check_field(0, "Cookie", "a=1; b=2; c=3; d=4");
	check_field(1, "x", "y");
	check_field(2, "Host", "a.example");
	give();
}
END_TEST

START_TEST(extended_connect)
{
	const struct head *h;

	begin(H2_REQUEST);
	h = &block->head;
	add_all((const char *const[PAIRS_MAX]){ ":method", "CONNECT",
	    ":protocol", "websocket", ":path", "/chat", PLACE });
	add("sec-websocket-version", "13");
	ck_assert_int_eq(h2_block_end(block, false, METHOD_OTHER), CODEC_OK);
	ck_assert_int_eq(h->method, METHOD_GET);
	ck_assert(slice_eq(h->method_text, SLICE_LIT("GET")));
	ck_assert(slice_eq(h->upgrade, SLICE_LIT("websocket")));
	ck_assert(slice_eq(h->target, SLICE_LIT("/chat")));
	ck_assert_int_eq(h->body, BODY_NONE);
	give();
}
END_TEST

/* The gateway answers 501, as it does in HTTP/1.1. */
START_TEST(tunnel)
{
	begin(H2_REQUEST);
	add(":method", "CONNECT");
	add(":authority", "a.example:443");
	ck_assert_int_eq(h2_block_end(block, false, METHOD_OTHER), CODEC_OK);
	ck_assert_int_eq(block->head.method, METHOD_CONNECT);
	ck_assert(slice_eq(block->head.target, SLICE_LIT("a.example:443")));
	ck_assert(slice_eq(block->head.host, SLICE_LIT("a.example:443")));
	give();
}
END_TEST

/* The answer to HEAD has no body, however wrong the request is. */
START_TEST(method_of_a_bad_one)
{
	begin(H2_REQUEST);
	add(":method", "HEAD");
	add("X", "y");
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_BAD_FIELD);
	ck_assert_int_eq(block->head.method, METHOD_HEAD);
	give();
}
END_TEST

/* ---- limits ---- */

START_TEST(too_many_fields)
{
	char name[8];

	begin(H2_REQUEST);
	add_all(get_pairs);
	for (int i = 0; i < 9; i++) {
		snprintf(name, sizeof(name), "x%d", i);
		add(name, "y");
		ck_assert_int_eq(
		    block->error, i < 8 ? CODEC_OK : CODEC_TOO_MANY_FIELDS);
	}
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_TOO_MANY_FIELDS);
	give();
}
END_TEST

/* As many as may be, and Host behind them. */
START_TEST(as_many_fields_as_may_be)
{
	begin(H2_REQUEST);
	add_all(get_pairs);
	for (int i = 0; i < 8; i++)
		add("x", "y");
	ck_assert_int_eq(h2_block_end(block, true, METHOD_OTHER), CODEC_OK);
	ck_assert_uint_eq(block->head.count, 9);
	give();
}
END_TEST

START_TEST(too_large)
{
	char value[600];

	memset(value, 'v', sizeof(value));
	begin(H2_REQUEST);
	add_all(get_pairs);
	h2_block_add(block, SLICE_LIT("x"), slice_make(value, 300));
	ck_assert_int_eq(block->error, CODEC_OK);
	h2_block_add(block, SLICE_LIT("cookie"), slice_make(value, 150));
	ck_assert_int_eq(
	    h2_block_end(block, true, METHOD_OTHER), CODEC_HEAD_TOO_LARGE);
	ck_assert(!h2_block_is_bomb(block));
	for (int i = 0; i < 3; i++)
		h2_block_add(block, SLICE_LIT("x"), slice_make(value, 590));
	ck_assert(h2_block_is_bomb(block));
	give();
	begin(H2_TRAILERS);
	h2_block_add(block, SLICE_LIT("x"), slice_make(value, 512));
	ck_assert_int_eq(
	    h2_block_end(block, true, 0), CODEC_TRAILERS_TOO_LARGE);
	give();
}
END_TEST

START_TEST(uri_too_long)
{
	char path[66];

	memset(path, '/', sizeof(path));
	for (size_t n = 64; n <= 65; n++) {
		begin(H2_REQUEST);
		add(":method", "GET");
		h2_block_add(block, SLICE_LIT(":path"), slice_make(path, n));
		add(":scheme", "http");
		add(":authority", "a");
		ck_assert_int_eq(h2_block_end(block, true, METHOD_OTHER),
		    n == 64 ? CODEC_OK : CODEC_URI_TOO_LONG);
		give();
	}
}
END_TEST

/* Crumbs fill the room for joining them, and not a byte more. */
START_TEST(most_cookies)
{
	const struct codec_limits wide = { 512, 0, 100 };

	block = h2_block_take(H2_TRAILERS, &wide);
	for (int i = 0; i < 45; i++)
		add("cookie", "a");
	ck_assert_int_eq(h2_block_end(block, true, 0), CODEC_OK);
	ck_assert_uint_eq(block->head.count, 1);
	ck_assert_uint_eq(block->head.fields[0].value.n, 45 + 2 * 44);
	give();
}
END_TEST

/* ---- answers ---- */

static const struct answer {
	const char *const pairs[PAIRS_MAX];
	uint8_t method;
	bool end;
	enum codec_error error;
	unsigned status;
	enum body_kind body;
	uint64_t length;
} answers[] = {
	{ { ":status", "200" }, METHOD_GET, false, CODEC_OK, 200, BODY_STREAM,
	    0 },
	{ { ":status", "200" }, METHOD_GET, true, CODEC_OK, 200, BODY_NONE, 0 },
	{ { ":status", "200", "content-length", "5" }, METHOD_GET, false,
	    CODEC_OK, 200, BODY_LENGTH, 5 },
	{ { ":status", "200", "content-length", "5" }, METHOD_GET, true,
	    CODEC_BAD_LENGTH, 0, 0, 0 },
	{ { ":status", "200", "content-length", "5" }, METHOD_HEAD, true,
	    CODEC_OK, 200, BODY_NONE, 5 },
	{ { ":status", "304", "content-length", "5" }, METHOD_GET, true,
	    CODEC_OK, 304, BODY_NONE, 5 },
	{ { ":status", "204" }, METHOD_GET, false, CODEC_OK, 204, BODY_NONE,
	    0 },
	{ { ":status", "103", "link", "x" }, METHOD_GET, false, CODEC_OK, 103,
	    BODY_NONE, 0 },
	{ { ":status", "103" }, METHOD_GET, true, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "101" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { NULL }, METHOD_GET, false, CODEC_BAD_PSEUDO, 0, 0, 0 },
	{ { ":status", "" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "20" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "2000" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "20x" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "099" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "600" }, METHOD_GET, false, CODEC_BAD_STATUS, 0, 0, 0 },
	{ { ":status", "200", ":status", "200" }, METHOD_GET, false,
	    CODEC_BAD_PSEUDO, 0, 0, 0 },
	{ { ":status", "200", ":path", "/" }, METHOD_GET, false,
	    CODEC_BAD_PSEUDO, 0, 0, 0 },
	{ { ":status", "200", "connection", "close" }, METHOD_GET, false,
	    CODEC_BAD_FIELD, 0, 0, 0 },
	{ { ":status", "200", "transfer-encoding", "chunked" }, METHOD_GET,
	    false, CODEC_BAD_FIELD, 0, 0, 0 },
	{ { ":status", "200", "x", "a\r\nb: c" }, METHOD_GET, false,
	    CODEC_BAD_FIELD, 0, 0, 0 },
	{ { ":status", "200", "content-length", "5", "content-length", "6" },
	    METHOD_GET, false, CODEC_BAD_LENGTH, 0, 0, 0 },
};

START_TEST(all_answers)
{
	const struct answer *a = &answers[_i];
	const struct head *h;

	begin(H2_RESPONSE);
	h = &block->head;
	add_all(a->pairs);
	ck_assert_msg(h2_block_end(block, a->end, a->method) == a->error,
	    "row %d: %s", _i, codec_error_name(block->error));
	if (a->error == CODEC_OK) {
		ck_assert_uint_eq(h->status, a->status);
		ck_assert_int_eq(h->body, a->body);
		ck_assert_uint_eq(h->length, a->length);
		ck_assert_int_eq(h->method, a->method);
		ck_assert(!h->close);
		ck_assert(slice_eq(h->reason, http_reason(a->status)));
	}
	give();
}
END_TEST

/* ---- trailers ---- */

static const struct row trailers[] = {
	{ { NULL }, CODEC_OK, false },
	{ { "grpc-status", "0", "etag", "x" }, CODEC_OK, false },
	{ { ":status", "200" }, CODEC_BAD_PSEUDO, false },
	{ { ":path", "/" }, CODEC_BAD_PSEUDO, false },
	{ { "content-length", "0" }, CODEC_BAD_FIELD, false },
	{ { "host", "a" }, CODEC_BAD_FIELD, false },
	{ { "transfer-encoding", "chunked" }, CODEC_BAD_FIELD, false },
	{ { "connection", "x" }, CODEC_BAD_FIELD, false },
	{ { "X", "y" }, CODEC_BAD_FIELD, false },
	{ { "x", "a\nb" }, CODEC_BAD_FIELD, false },
};

START_TEST(all_trailers)
{
	const struct row *r = &trailers[_i];

	begin(H2_TRAILERS);
	add_all(r->pairs);
	ck_assert_msg(h2_block_end(block, true, METHOD_OTHER) == r->error,
	    "row %d: %s", _i, codec_error_name(block->error));
	give();
}
END_TEST

#define COUNT(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("h2_head");
	TCase *tc = tcase_create("h2_head");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, behind_a_request, 0, COUNT(behind));
	tcase_add_test(tc, late);
	tcase_add_test(tc, nul_bytes);
	tcase_add_loop_test(tc, whole_requests, 0, COUNT(whole));
	tcase_add_test(tc, connect_with_length);
	tcase_add_test(tc, a_head);
	tcase_add_test(tc, cookies);
	tcase_add_test(tc, extended_connect);
	tcase_add_test(tc, tunnel);
	tcase_add_test(tc, method_of_a_bad_one);
	tcase_add_test(tc, too_many_fields);
	tcase_add_test(tc, as_many_fields_as_may_be);
	tcase_add_test(tc, too_large);
	tcase_add_test(tc, uri_too_long);
	tcase_add_test(tc, most_cookies);
	tcase_add_loop_test(tc, all_answers, 0, COUNT(answers));
	tcase_add_loop_test(tc, all_trailers, 0, COUNT(trailers));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
