/*
 * Tests of h1.c. Every conversation is cut at every byte and fed
 * byte by byte; the events must not change.
 */
#include <check.h>

#include "tests/unit/common/http/trace.h"

#define RQ "GET / HTTP/1.1\r\nHost: a\r\n"
#define RQ_LINE "request GET / @a v1 b0 n0"
#define OK "HTTP/1.1 200 OK\r\n"

static const struct codec_limits limits = { 1024, 128, 16 };

struct row {
	int method; /* of the request; below 0: server role */
	struct slice bytes;
	const char *events;
};

#define S(bytes, events)                     \
	{                                    \
		-1, SLICE_LIT(bytes), events \
	}
#define C(bytes, events)                             \
	{                                            \
		METHOD_GET, SLICE_LIT(bytes), events \
	}
#define C_HEAD(bytes, events)                         \
	{                                             \
		METHOD_HEAD, SLICE_LIT(bytes), events \
	}

static const struct row rows[] = {
	/* The server role: one message, then the next. */
	S("", "left 0\n"),
	S(RQ "\r\n", RQ_LINE "|Host=a\nend\nleft 0\n"),
	S(RQ "A: b\r\n\r\n" RQ "\r\n\r\n" RQ "\r\n",
	    RQ_LINE "|Host=a|A=b\nend\n" RQ_LINE "|Host=a\nend\n" RQ_LINE
		    "|Host=a\nend\nleft 0\n"),
	S("POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello" RQ
	  "\r\n",
	    "request POST /x @a v1 b1 n5|Host=a|Content-Length=5\n"
	    "data hello\nend\n" RQ_LINE "|Host=a\nend\nleft 0\n"),
	S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n" RQ "\r\n",
	    "request POST / @a v1 b1 n0|Host=a|Content-Length=0\nend\n" RQ_LINE
	    "|Host=a\nend\nleft 0\n"),
	S("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "3\r\nabc\r\nA;x=y\r\n0123456789\r\n0\r\n\r\n" RQ "\r\n",
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked\n"
	    "data abc0123456789\nend\n" RQ_LINE "|Host=a\nend\nleft 0\n"),
	S("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "0\r\nX: y\r\nZ:\r\n\r\n",
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked\n"
	    "end|X=y|Z=\nleft 0\n"),
	/* What Connection nominates might be among the trailers. */
	S("PUT / HTTP/1.1\r\nHost: a\r\nConnection: X\r\n"
	  "Transfer-Encoding: chunked\r\n\r\n0\r\nX: y\r\n\r\n" RQ "\r\n",
	    "request PUT / @a v1 b2 n0|Host=a|Connection=X|"
	    "Transfer-Encoding=chunked\nend\n" RQ_LINE
	    "|Host=a\nend\nleft 0\n"),
	/* The connection ends where a message says so. */
	S("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n" RQ "\r\n",
	    "request CONNECT a:1 @a:1 v1 b0 n0 close|Host=a:1\nend\n"
	    "left 27 must close\n"),
	S(RQ "Connection: close\r\n\r\n" RQ "\r\n",
	    RQ_LINE " close|Host=a|Connection=close\nend\n"
		    "left 27 must close\n"),
	S("GET / HTTP/1.0\r\n\r\nx",
	    "request GET / @ v0 b0 n0 close\nend\nleft 1 must close\n"),
	S("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
	    "request GET / @ v0 b0 n0|Connection=keep-alive\nend\nleft 0\n"),
	/* Errors are final and answered. */
	S("GET / HTTP/1.1\r\n\r\n" RQ "\r\n",
	    "error bad_host\nleft 45 must close\n"),
	S(RQ "\r\nGET \n",
	    RQ_LINE "|Host=a\nend\nerror bad_start_line\nleft 5 must close\n"),
	S("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "2\r\nabX",
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked\n"
	    "data ab\nerror bad_chunk\nleft 1 must close\n"),
	S("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "0\r\nX : y\r\n\r\n",
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked\n"
	    "error bad_field\nleft 9 must close\n"),
	S("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
	    "error h2_preface\nleft 24 must close\n"),
	/* The peer ends within a message. */
	S("GET / HT", "error truncated\nleft 8 must close\n"),
	S("\r\n", "error truncated\nleft 2 must close\n"),
	S("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell",
	    "request POST / @a v1 b1 n5|Host=a|Content-Length=5\n"
	    "data hell\nerror truncated\nleft 0 must close\n"),
	S("PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	  "0\r\nX: y\r\n",
	    "request PUT / @a v1 b2 n0|Host=a|Transfer-Encoding=chunked\n"
	    "error truncated\nleft 6 must close\n"),
	/* The client role. */
	C(OK "Content-Length: 2\r\n\r\nhi",
	    "response 200 OK v1 b1 n2|Content-Length=2\ndata hi\nend\n"
	    "left 0\n"),
	C(OK "Content-Length: 0\r\n\r\n",
	    "response 200 OK v1 b1 n0|Content-Length=0\nend\n"
	    "left 0\n"),
	C(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nT: u\r\n\r\n",
	    "response 200 OK v1 b2 n0|Transfer-Encoding=chunked\ndata x\n"
	    "end|T=u\nleft 0\n"),
	C(OK "\r\nto the end",
	    "response 200 OK v1 b2 n0 close\ndata to the end\nend\n"
	    "left 0 must close\n"),
	C(OK "\r\n",
	    "response 200 OK v1 b2 n0 close\nend\n"
	    "left 0 must close\n"),
	C("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 E\r\nLink: x\r\n\r\n"
	  "HTTP/1.1 204\r\n\r\n",
	    "response 100 Continue v1 b0 n0\n"
	    "response 103 E v1 b0 n0|Link=x\n"
	    "response 204  v1 b0 n0\nend\nleft 0\n"),
	C("HTTP/1.1 103 E\r\nContent-Length: 1\r\n\r\nHTTP/1.1 204\r\n\r\n",
	    "response 103 E v1 b0 n1 close|Content-Length=1\n"
	    "response 204  v1 b0 n0\nend\nleft 0 must close\n"),
	C("HTTP/1.1 204\r\nContent-Length: 1\r\n\r\n",
	    "response 204  v1 b0 n1 close|Content-Length=1\nend\n"
	    "left 0 must close\n"),
	C(OK "Connection: X-T\r\nTransfer-Encoding: chunked\r\n\r\n"
	     "0\r\nX-T: u\r\n\r\n",
	    "response 200 OK v1 b2 "
	    "n0|Connection=X-T|Transfer-Encoding=chunked\n"
	    "end\nleft 0\n"),
	C("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx",
	    "response 200 OK v0 b1 n1 close|Content-Length=1\ndata x\nend\n"
	    "left 0 must close\n"),
	C_HEAD(OK "Content-Length: 5\r\n\r\n",
	    "response 200 OK v1 b0 n5|Content-Length=5\nend\n"
	    "left 0\n"),
	C_HEAD("HTTP/1.1 404\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "response 404  v1 b0 n0|Transfer-Encoding=chunked\nend\n"
	    "left 0\n"),
	C("HTTP/1.1 101 Switching Protocols\r\n\r\n",
	    "error bad_status\nleft 0 must close\n"),
	C(OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
	    "error length_and_coding\nleft 66 must close\n"),
	C("", "error truncated\nleft 0 must close\n"),
	C("HTTP/1.1 2", "error truncated\nleft 10 must close\n"),
	C("HTTP/1.1 100 Continue\r\n\r\n",
	    "response 100 Continue v1 b0 n0\nerror truncated\n"
	    "left 0 must close\n"),
	C(OK "Content-Length: 3\r\n\r\nhi",
	    "response 200 OK v1 b1 n3|Content-Length=3\ndata hi\n"
	    "error truncated\nleft 0 must close\n"),
	C(OK "Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n",
	    "response 200 OK v1 b2 n0|Transfer-Encoding=chunked\ndata x\n"
	    "error truncated\nleft 0 must close\n"),
};

/* Cut once after `cut` bytes; one by one when cut is 0. */
static char *
run(const struct row *row, size_t cut)
{
	struct trace t;
	uint8_t ones = 0;
	char *text;

	trace_init(&t, row->method < 0 ? CODEC_SERVER : CODEC_CLIENT,
	    cut % 2 == 0 ? TRACE_AT_END : TRACE_LATER, &limits);
	if (row->method >= 0)
		trace_ask(&t, (enum http_method)row->method);
	if (cut == 0) {
		trace_feed(&t, row->bytes.p, row->bytes.n, &ones, 1);
	} else {
		uint8_t cuts[2] = { (uint8_t)(cut - 1), 255 };

		trace_feed(&t, row->bytes.p, row->bytes.n, cuts, 2);
	}
	text = strdup(t.text);
	trace_fini(&t);
	return text;
}

START_TEST(cut_everywhere)
{
	for (size_t cut = 0; cut <= rows[_i].bytes.n + 1; cut++) {
		char *text = run(&rows[_i], cut);

		ck_assert_str_eq(text, rows[_i].events);
		free(text);
	}
}
END_TEST

/* Bytes behind an answer never belong to a later one. */
START_TEST(surplus)
{
	static const char bytes[] = OK "Content-Length: 1\r\n\r\nxHTTP/1.1 200";
	struct trace t;
	size_t at;

	for (size_t cut = 1; cut < sizeof(bytes); cut++) {
		trace_init(&t, CODEC_CLIENT, TRACE_AT_END, &limits);
		trace_ask(&t, METHOD_GET);
		at = trace_offer(&t, bytes, 0, cut);
		at = trace_offer(&t, bytes, at, sizeof(bytes) - 1);
		ck_assert_ptr_nonnull(strstr(t.text, "data x\nend\n"));
		ck_assert_ptr_nonnull(strstr(t.text, "error unexpected\n"));
		ck_assert_uint_eq(at, sizeof(bytes) - 13);
		ck_assert(h1_must_close(&t.h));
		trace_fini(&t);
	}
}
END_TEST

START_TEST(surplus_is_known_at_the_end)
{
	static const char bytes[] = "HTTP/1.1 204 x\r\n\r\nHTTP/1.1 200 y";
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_AT_END, &limits);
	trace_ask(&t, METHOD_GET);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes, sizeof(bytes) - 1), 18);
	ck_assert_str_eq(t.text, "response 204 x v1 b0 n0\nend\n");
	ck_assert(h1_must_close(&t.h));
	ck_assert(!h1_idle(&t.h));
	trace_fini(&t);
}
END_TEST

START_TEST(bytes_without_a_question)
{
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_AT_END, &limits);
	ck_assert(h1_idle(&t.h));
	ck_assert_uint_eq(trace_offer(&t, OK, 0, 5), 0);
	ck_assert_str_eq(t.text, "error unexpected\n");
	ck_assert(h1_must_close(&t.h));
	trace_fini(&t);
}
END_TEST

/* The answer before the request: nothing more of that is read. */
START_TEST(early_answer)
{
	static const char bytes[] = "POST / HTTP/1.1\r\nHost: a\r\n"
				    "Content-Length: 5\r\n\r\nhello" RQ "\r\n";
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_AT_HEAD, &limits);
	trace_feed(&t, bytes, sizeof(bytes) - 1, NULL, 0);
	ck_assert_str_eq(t.text,
	    "request POST / @a v1 b1 n5|Host=a|Content-Length=5\n"
	    "left 32 must close\n");
	trace_fini(&t);
}
END_TEST

/* Without a body the request is whole: many are answered in one call. */
START_TEST(answer_within_head)
{
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_AT_HEAD, &limits);
	trace_feed(&t, RQ "\r\n" RQ "\r\n", 2 * strlen(RQ "\r\n"), NULL, 0);
	ck_assert_str_eq(
	    t.text, RQ_LINE "|Host=a\n" RQ_LINE "|Host=a\nleft 0\n");
	ck_assert(h1_idle(&t.h));
	trace_fini(&t);
}
END_TEST

START_TEST(pausing)
{
	static const char bytes[] =
	    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n";
	const size_t head = 56;
	struct trace t;
	size_t at;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	at = trace_offer(&t, bytes, 0, head);
	ck_assert_uint_eq(at, head);
	stream_pause(&t.h.stream, true);
	at = trace_offer(&t, bytes, at, sizeof(bytes) - 1);
	ck_assert_uint_eq(at, head);
	ck_assert_ptr_null(strstr(t.text, "data"));
	stream_pause(&t.h.stream, false);
	at = trace_offer(&t, bytes, at, sizeof(bytes) - 1);
	ck_assert_uint_eq(at, sizeof(bytes) - 1);
	ck_assert_ptr_nonnull(strstr(t.text, "data abcdef\nend\n"));
	trace_fini(&t);
}
END_TEST

/* An answer that is not taken yet holds back the next request. */
START_TEST(pausing_between_messages)
{
	static const char bytes[] = RQ "\r\n" RQ "\r\n";
	const size_t n = (sizeof(bytes) - 1) / 2;
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes, 2 * n), n);
	trace_reply(&t, 200);
	stream_pause(&t.h.stream, true);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes + n, n), 0);
	ck_assert(h1_idle(&t.h));
	stream_pause(&t.h.stream, false);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes + n, n), n);
	trace_fini(&t);
}
END_TEST

/* One request is read, nothing is answered yet. */
static void
start(struct trace *t, const char *request)
{
	size_t n = strlen(request);

	trace_init(t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(codec_input(&t->h.base, request, n), n);
}

START_TEST(stopping)
{
	struct trace t;

	start(&t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	h1_stop(&t.h);
	ck_assert_uint_eq(codec_input(&t.h.base, "hello", 5), 0);
	codec_eof(&t.h.base);
	ck_assert_ptr_null(strstr(t.text, "error"));
	ck_assert(!h1_must_close(&t.h));
	trace_reply(&t, 413);
	ck_assert(h1_must_close(&t.h));
	trace_fini(&t);
}
END_TEST

/* A client that ended its side is answered, all it asked. */
START_TEST(half_closed)
{
	static const char bytes[] = RQ "\r\n" RQ "\r\nGE";
	const size_t n = sizeof(RQ "\r\n") - 1;
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes, sizeof(bytes) - 1), n);
	codec_eof(&t.h.base);
	trace_reply(&t, 200);
	ck_assert_uint_eq(
	    codec_input(&t.h.base, bytes + n, sizeof(bytes) - 1 - n), n);
	trace_reply(&t, 200);
	ck_assert(h1_idle(&t.h));
	ck_assert_uint_eq(codec_input(&t.h.base, "GE", 2), 0);
	ck_assert_ptr_nonnull(strstr(t.text, "error truncated"));
	trace_fini(&t);
}
END_TEST

/* The final answer while the upload runs: whole, but not to be reused. */
START_TEST(early_final_answer)
{
	struct head h = { .method = METHOD_POST,
		.target = SLICE_LIT("/"),
		.body = BODY_LENGTH,
		.length = 5 };
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ck_assert(stream_head(&t.h.stream, &h, false));
	trace_offer(&t, "HTTP/1.1 413 x\r\nContent-Length: 0\r\n\r\n", 0, 37);
	ck_assert_ptr_nonnull(strstr(t.text, "end\n"));
	ck_assert(h1_must_close(&t.h));
	stream_data(&t.h.stream, SLICE_LIT("hello"));
	stream_end(&t.h.stream, NULL);
	ck_assert(h1_must_close(&t.h));
	ck_assert(!h1_idle(&t.h));
	trace_fini(&t);
}
END_TEST

/* Bytes that come past the codec, up to the last: the next message follows. */
START_TEST(what_comes_may_pass)
{
	struct trace t;

	start(&t, RQ "\r\n");
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	trace_fini(&t);
	start(&t,
	    "PUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
	    "\r\n\r\n");
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	trace_fini(&t);
	start(&t, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nhi");
	ck_assert_uint_eq(h1_passes_in(&t.h), 7);
	stream_pause(&t.h.stream, true);
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	stream_pause(&t.h.stream, false);
	h1_passed_in(&t.h, 6);
	ck_assert_uint_eq(h1_passes_in(&t.h), 1);
	ck_assert_ptr_null(strstr(t.text, "end"));
	h1_passed_in(&t.h, 1);
	ck_assert_ptr_nonnull(strstr(t.text, "data hi\nend\n"));
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	trace_reply(&t, 200);
	ck_assert_uint_eq(codec_input(&t.h.base, RQ "\r\n", 27), 27);
	trace_fini(&t);
}
END_TEST

START_TEST(what_passes_can_be_cut)
{
	struct trace t;

	start(&t, "PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n");
	h1_passed_in(&t.h, 8);
	codec_eof(&t.h.base);
	ck_assert_ptr_nonnull(strstr(t.text, "error truncated"));
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	trace_fini(&t);
}
END_TEST

START_TEST(an_answer_to_the_end_may_pass)
{
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	t.h.writing = H1_WRITE_DONE;
	trace_offer(&t, OK "\r\n", 0, sizeof(OK) + 1);
	ck_assert_uint_eq(h1_passes_in(&t.h), UINT64_MAX);
	h1_passed_in(&t.h, 1000);
	ck_assert_uint_eq(h1_passes_in(&t.h), UINT64_MAX);
	codec_eof(&t.h.base);
	ck_assert_ptr_nonnull(strstr(t.text, "end\n"));
	ck_assert_uint_eq(h1_passes_in(&t.h), 0);
	trace_fini(&t);
}
END_TEST

START_TEST(what_goes_may_pass)
{
	struct head h = { .method = METHOD_POST,
		.target = SLICE_LIT("/"),
		.body = BODY_LENGTH,
		.length = 9 };
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ck_assert_uint_eq(h1_passes_out(&t.h), 0);
	ck_assert(stream_head(&t.h.stream, &h, false));
	stream_data(&t.h.stream, SLICE_LIT("hi"));
	ck_assert_uint_eq(h1_passes_out(&t.h), 7);
	h1_passed_out(&t.h, 7);
	ck_assert_uint_eq(h1_passes_out(&t.h), 0);
	stream_end(&t.h.stream, NULL);
	trace_offer(&t, "HTTP/1.1 200 x\r\nContent-Length: 0\r\n\r\n", 0, 37);
	ck_assert(h1_idle(&t.h) && !h1_must_close(&t.h));
	/* Nor is there a length in chunks. */
	h.body = BODY_STREAM;
	ck_assert(stream_head(&t.h.stream, &h, false));
	ck_assert_uint_eq(h1_passes_out(&t.h), 0);
	trace_fini(&t);
}
END_TEST

/* What has to be announced only is not sent, either way. */
START_TEST(nothing_passes_without_a_body)
{
	struct head h = { .status = 200, .body = BODY_LENGTH, .length = 9 };
	struct trace t;

	start(&t, "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
	ck_assert(stream_head(&t.h.stream, &h, false));
	ck_assert_uint_eq(h1_passes_out(&t.h), 0);
	trace_fini(&t);
	start(&t, RQ "\r\n");
	h.status = 304;
	ck_assert(stream_head(&t.h.stream, &h, false));
	ck_assert_uint_eq(h1_passes_out(&t.h), 0);
	trace_fini(&t);
}
END_TEST

static void
setup(void)
{
	buf_pool_init(0);
}

#define COUNT(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *suite = suite_create("h1");
	TCase *tc = tcase_create("h1");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, buf_pool_fini);
	tcase_add_loop_test(tc, cut_everywhere, 0, COUNT(rows));
	tcase_add_test(tc, surplus);
	tcase_add_test(tc, surplus_is_known_at_the_end);
	tcase_add_test(tc, bytes_without_a_question);
	tcase_add_test(tc, early_answer);
	tcase_add_test(tc, answer_within_head);
	tcase_add_test(tc, pausing);
	tcase_add_test(tc, pausing_between_messages);
	tcase_add_test(tc, stopping);
	tcase_add_test(tc, half_closed);
	tcase_add_test(tc, early_final_answer);
	tcase_add_test(tc, what_comes_may_pass);
	tcase_add_test(tc, what_passes_can_be_cut);
	tcase_add_test(tc, an_answer_to_the_end_may_pass);
	tcase_add_test(tc, what_goes_may_pass);
	tcase_add_test(tc, nothing_passes_without_a_body);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
