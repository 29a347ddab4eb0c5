/* Tests of h1_write.c: the exact bytes of heads and trailers. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/h1_parse.h"
#include "common/http/h1_write.h"

static struct obuf out;

static void
setup(void)
{
	buf_pool_init(0);
	obuf_init(&out, NULL);
}

static void
check_bytes(const char *want)
{
	struct iovec iov[4];
	int n = obuf_iov(&out, iov, 4);

	ck_assert_int_eq(n, 1);
	ck_assert_msg(slice_eq(slice_make(iov[0].iov_base, iov[0].iov_len),
			  slice_str(want)),
	    "%.*s", (int)iov[0].iov_len, (const char *)iov[0].iov_base);
	obuf_fini(&out);
	buf_pool_fini();
}

#define FIELD(id, name, value)                                \
	{                                                     \
		SLICE_LIT(name), SLICE_LIT(value), FIELD_##id \
	}

static struct field fields[] = {
	FIELD(HOST, "host", "a"),
	FIELD(CONTENT_LENGTH, "Content-Length", "99"),
	FIELD(OTHER, "X-A", ""),
	FIELD(TRANSFER_ENCODING, "Transfer-Encoding", "gzip"),
	FIELD(CONNECTION, "Connection", "upgrade"),
	FIELD(KEEP_ALIVE, "Keep-Alive", "1"),
	FIELD(PROXY_CONNECTION, "Proxy-Connection", "x"),
	FIELD(OTHER, "X-A", "b c"),
};

static struct head
request(void)
{
	return (struct head){ .method_text = SLICE_LIT("PURGE"),
		.target = SLICE_LIT("/a?b"),
		.length = 18446744073709551615u,
		.count = 8,
		.fields = fields };
}

#define KEPT "host: a\r\nX-A: \r\nX-A: b c\r\n"

START_TEST(request_plain)
{
	struct head h = request();

	ck_assert(h1_write_request(&out, &h, H1_FRAME_NONE));
	check_bytes("PURGE /a?b HTTP/1.1\r\n" KEPT "\r\n");
}
END_TEST

START_TEST(request_length_close)
{
	struct head h = request();

	h.close = true;
	ck_assert(h1_write_request(&out, &h, H1_FRAME_LENGTH));
	check_bytes("PURGE /a?b HTTP/1.1\r\n" KEPT
		    "Content-Length: 18446744073709551615\r\n"
		    "Connection: close\r\n\r\n");
}
END_TEST

START_TEST(request_te)
{
	struct field te = FIELD(TE, "TE", "trailers");
	struct head h = { .method = METHOD_GET,
		.target = SLICE_LIT("/"),
		.close = true,
		.count = 1,
		.present = (uint64_t)1 << FIELD_TE,
		.fields = &te };

	ck_assert(h1_write_request(&out, &h, H1_FRAME_NONE));
	check_bytes("GET / HTTP/1.1\r\nTE: trailers\r\n"
		    "Connection: close\r\nConnection: TE\r\n\r\n");
}
END_TEST

START_TEST(request_by_number)
{
	struct head h = { .method = METHOD_OPTIONS, .target = SLICE_LIT("*") };

	ck_assert(h1_write_request(&out, &h, H1_FRAME_CHUNKED));
	check_bytes("OPTIONS * HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n\r\n");
}
END_TEST

START_TEST(request_without_path)
{
	struct head h = { .method = METHOD_GET, .target = SLICE_LIT("?q") };

	ck_assert(h1_write_request(&out, &h, H1_FRAME_NONE));
	check_bytes("GET /?q HTTP/1.1\r\n\r\n");
}
END_TEST

START_TEST(response_own_reason)
{
	struct head h = request();

	h.status = 404;
	h.reason = SLICE_LIT("Gone Fishing");
	h.length = 0;
	ck_assert(h1_write_response(&out, &h, H1_FRAME_LENGTH, false));
	check_bytes(
	    "HTTP/1.1 404 Gone Fishing\r\n" KEPT "Content-Length: 0\r\n\r\n");
}
END_TEST

START_TEST(response_known_reason)
{
	struct head h = { .status = 503, .close = true };

	ck_assert(h1_write_response(&out, &h, H1_FRAME_CHUNKED, true));
	check_bytes("HTTP/1.1 503 Service Unavailable\r\n"
		    "Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n");
}
END_TEST

START_TEST(response_no_reason)
{
	struct head h = { .status = 299 };

	ck_assert(h1_write_response(&out, &h, H1_FRAME_NONE, true));
	check_bytes("HTTP/1.1 299 \r\nConnection: keep-alive\r\n\r\n");
}
END_TEST

/*
 * What was read goes out as it came where that is how it would be written, and
 * else as it is written.
 */
static const char letter[] = "GET / HTTP/1.1\r\n"
			     "Host: a\r\n"
			     "X-One: 1\r\n"
			     "Keep-Alive: 5\r\n"
			     "X-Two:2\r\n"
			     "X-Three:  3\r\n"
			     "X-Four: 4 \r\n"
			     "X-Five:\t5\r\n"
			     "X-Six: 6\r\n"
			     "X-Seven: \r\n"
			     "X-Eight:\r\n"
			     "\r\n";

static struct head
read_letter(struct field *to, char *text)
{
	static const struct codec_limits limits = { 4096, 4096, 16 };
	enum codec_error error;
	struct head h;

	memcpy(text, letter, sizeof(letter) - 1);
	ck_assert_int_eq(
	    h1_parse_request(text, sizeof(letter) - 1, &limits, &h, to, &error),
	    sizeof(letter) - 1);
	return h;
}

START_TEST(lines_as_they_came)
{
	struct field to[16];
	char *text = malloc(sizeof(letter) - 1);
	struct head h = read_letter(to, text);

	ck_assert(h1_write_request(&out, &h, H1_FRAME_NONE));
	check_bytes("GET / HTTP/1.1\r\nHost: a\r\nX-One: 1\r\nX-Two: 2\r\n"
		    "X-Three: 3\r\nX-Four: 4\r\nX-Five: 5\r\nX-Six: 6\r\n"
		    "X-Seven: \r\nX-Eight: \r\n\r\n");
	free(text);
}
END_TEST

START_TEST(lines_that_were_changed)
{
	struct field to[16];
	char *text = malloc(sizeof(letter) - 1);
	struct head h = read_letter(to, text);

	to[0].value = SLICE_LIT("b");
	to[1].name = SLICE_LIT("X-Uno");
	to[4] = to[7]; /* twice, and out of order */
	to[5].value.n = 0;
	h.count = 6;
	head_add(&h, FIELD_ACCESS_CONTROL_REQUEST_HEADERS, SLICE_LIT("x"));
	head_add(&h, FIELD_TE, SLICE_LIT("0123456789abcdefg"));
	to[h.count++] = (struct field){ .name = SLICE_LIT("X-Seven"),
		.value = to[0].value };
	ck_assert(h1_write_request(&out, &h, H1_FRAME_NONE));
	check_bytes("GET / HTTP/1.1\r\nHost: b\r\nX-Uno: 1\r\nX-Two: 2\r\n"
		    "X-Six: 6\r\nX-Four: \r\n"
		    "Access-Control-Request-Headers: x\r\n"
		    "TE: 0123456789abcdefg\r\nX-Seven: b\r\n"
		    "Connection: TE\r\n\r\n");
	free(text);
}
END_TEST

/* Pieces of each length, in memory of just that. */
START_TEST(values_of_each_length)
{
	for (size_t n = 0; n < 40; n++) {
		char want[128], value[40], *copy = malloc(n + 1);
		struct field f = { SLICE_LIT("X"), { copy + 1, n }, 0 };
		struct head h = { .status = 299, .count = 1, .fields = &f };

		for (size_t i = 0; i < n; i++)
			copy[i + 1] = value[i] = (char)('!' + i);
		snprintf(want, sizeof(want), "HTTP/1.1 299 \r\nX: %.*s\r\n\r\n",
		    (int)n, value);
		ck_assert(h1_write_response(&out, &h, H1_FRAME_NONE, false));
		check_bytes(want);
		setup();
		free(copy);
	}
	buf_pool_fini();
}
END_TEST

START_TEST(last_chunk)
{
	struct field given[] = {
		FIELD(OTHER, "X-Sum", "1"),
		FIELD(CONTENT_LENGTH, "Content-Length", "1"),
		FIELD(HOST, "Host", "b"),
		FIELD(AUTHORIZATION, "Authorization", "x"),
		FIELD(X_FORWARDED_FOR, "X-Forwarded-For", "6.6.6.6"),
		FIELD(CONTENT_TYPE, "Content-Type", "a/b"),
		FIELD(COOKIE, "Cookie", "a=b"),
		FIELD(CONNECTION, "Connection", "close"),
		FIELD(EXPECT, "Expect", "100-continue"),
		FIELD(OTHER, "x_forwarded_for", "6.6.6.6"),
		FIELD(OTHER, "x_sum", "2"),
		FIELD(ETAG, "ETag", "\"e\""),
	};
	struct head trailers = { .count = 12, .fields = given };

	ck_assert(h1_write_last_chunk(&out, &trailers));
	ck_assert(h1_write_last_chunk(&out, NULL));
	check_bytes(
	    "0\r\nX-Sum: 1\r\nx_sum: 2\r\nETag: \"e\"\r\n\r\n0\r\n\r\n");
}
END_TEST

START_TEST(larger_than_a_block)
{
	static char value[2 * BUF_BLOCK_BYTES];
	struct field big = { SLICE_LIT("X"), { value, sizeof(value) }, 0 };
	struct head h = { .status = 200, .count = 1, .fields = &big };

	memset(value, 'v', sizeof(value));
	ck_assert(h1_write_response(&out, &h, H1_FRAME_NONE, false));
	ck_assert_uint_eq(out.bytes, sizeof(value) + 17 + 5 + 2);
	obuf_fini(&out);
	buf_pool_fini();
}
END_TEST

START_TEST(without_memory)
{
	struct head h = request();

	out.failed = true;
	ck_assert(!h1_write_request(&out, &h, H1_FRAME_NONE));
	ck_assert(!h1_write_response(&out, &h, H1_FRAME_NONE, false));
	ck_assert(!h1_write_last_chunk(&out, NULL));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h1_write");
	TCase *tc = tcase_create("h1_write");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, NULL);
	tcase_add_test(tc, request_plain);
	tcase_add_test(tc, request_length_close);
	tcase_add_test(tc, request_te);
	tcase_add_test(tc, request_by_number);
	tcase_add_test(tc, request_without_path);
	tcase_add_test(tc, response_own_reason);
	tcase_add_test(tc, response_known_reason);
	tcase_add_test(tc, response_no_reason);
	tcase_add_test(tc, lines_as_they_came);
	tcase_add_test(tc, lines_that_were_changed);
	tcase_add_test(tc, values_of_each_length);
	tcase_add_test(tc, last_chunk);
	tcase_add_test(tc, larger_than_a_block);
	tcase_add_test(tc, without_memory);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
