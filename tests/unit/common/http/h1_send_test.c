/* Tests of h1_send.c: how messages are framed, and that framing is kept. */
#include <check.h>

#include "tests/unit/common/http/trace.h"

#define RQ "GET / HTTP/1.1\r\nHost: a\r\n"
#define OK "HTTP/1.1 200 OK\r\n"

static const struct codec_limits limits = { 1024, 128, 16 };

static void
check_out(struct trace *t, const char *want)
{
	struct iovec iov[8];
	int count = obuf_iov(&t->out, iov, 8);
	char got[2048];
	size_t n = 0;

	for (int i = 0; i < count; i++) {
		memcpy(got + n, iov[i].iov_base, iov[i].iov_len);
		n += iov[i].iov_len;
	}
	got[n] = '\0';
	ck_assert_str_eq(got, want);
	obuf_consume(&t->out, t->out.bytes);
}

/* One request is read, nothing is answered yet. */
static void
start(struct trace *t, const char *request)
{
	size_t n = strlen(request);

	trace_init(t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(codec_input(&t->h.base, request, n), n);
}

#define HEAD_RQ "HEAD / HTTP/1.1\r\nHost: a\r\n\r\n"
#define OLD_RQ "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
#define CL_FIELD "Content-Length: 5\r\n"

static struct field length_field = { SLICE_LIT("Content-Length"),
	SLICE_LIT("5"), FIELD_CONTENT_LENGTH };

static const struct {
	const char *request;
	struct head head;
	bool end;
	const char *out; /* after the data "hello" and the end */
	bool close;
} answers[] = {
#define HEAD(...)           \
	{                   \
		__VA_ARGS__ \
	}
	{ RQ "\r\n", HEAD(.status = 200, .body = BODY_LENGTH, .length = 5),
	    false, OK CL_FIELD "\r\nhello", false },
	{ RQ "\r\n", HEAD(.status = 200, .body = BODY_STREAM), false,
	    OK "Transfer-Encoding: chunked\r\n\r\n"
	       "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n",
	    false },
	{ RQ "\r\n", HEAD(.status = 200), false, OK "Content-Length: 0\r\n\r\n",
	    true /* five bytes too many */ },
	{ RQ "\r\n", HEAD(.status = 200, .body = BODY_STREAM), true,
	    OK "Content-Length: 0\r\n\r\n", false },
	{ RQ "\r\n", HEAD(.status = 200, .body = BODY_LENGTH, .length = 3),
	    false, OK "Content-Length: 3\r\n\r\nhel", true },
	{ RQ "\r\n", HEAD(.status = 200, .body = BODY_LENGTH, .length = 6),
	    false, OK "Content-Length: 6\r\n\r\nhello", true },
	{ RQ "\r\n", HEAD(.status = 200, .close = true), true,
	    OK "Content-Length: 0\r\nConnection: close\r\n\r\n", true },
	{ RQ "\r\n", HEAD(.status = 204, .body = BODY_LENGTH, .length = 5),
	    false, "HTTP/1.1 204 No Content\r\n\r\n", false },
	{ RQ "\r\n", HEAD(.status = 304, .body = BODY_LENGTH, .length = 5),
	    false, "HTTP/1.1 304 Not Modified\r\n" CL_FIELD "\r\n", false },
	{ RQ "\r\n", HEAD(.status = 304), false,
	    "HTTP/1.1 304 Not Modified\r\n\r\n", false },
	/* HEAD: the length is announced, a body never written. */
	{ HEAD_RQ, HEAD(.status = 200, .body = BODY_LENGTH, .length = 5), false,
	    OK CL_FIELD "\r\n", false },
	{ HEAD_RQ, HEAD(.status = 200, .body = BODY_LENGTH, .length = 5), true,
	    OK CL_FIELD "\r\n", false },
	{ HEAD_RQ, HEAD(.status = 200, .body = BODY_STREAM), false, OK "\r\n",
	    false },
	{ HEAD_RQ,
	    HEAD(.status = 200, .length = 5, .count = 1,
		.fields = &length_field,
		.present = (uint64_t)1 << FIELD_CONTENT_LENGTH),
	    true, OK CL_FIELD "\r\n", false },
	/* HTTP/1.0. */
	{ OLD_RQ, HEAD(.status = 200, .body = BODY_LENGTH, .length = 5), false,
	    OK CL_FIELD "Connection: keep-alive\r\n\r\nhello", false },
	{ OLD_RQ, HEAD(.status = 200, .body = BODY_STREAM), false,
	    OK "Connection: close\r\n\r\nhello", true },
	{ "GET / HTTP/1.0\r\n\r\n",
	    HEAD(.status = 200, .body = BODY_LENGTH, .length = 5), false,
	    OK CL_FIELD "Connection: close\r\n\r\nhello", true },
	{ RQ "Connection: close\r\n\r\n",
	    HEAD(.status = 200, .body = BODY_LENGTH, .length = 5), false,
	    OK CL_FIELD "Connection: close\r\n\r\nhello", true },
};

START_TEST(answer_framing)
{
	struct trace t;

	start(&t, answers[_i].request);
	ck_assert(!h1_idle(&t.h));
	ck_assert(stream_head(&t.h.stream, &answers[_i].head, answers[_i].end));
	if (!answers[_i].end) {
		stream_data(&t.h.stream, SLICE_NONE);
		stream_data(&t.h.stream, SLICE_LIT("hel"));
		stream_data(&t.h.stream, SLICE_LIT("lo"));
		ck_assert(!h1_must_close(&t.h));
		stream_end(&t.h.stream, NULL);
	}
	check_out(&t, answers[_i].out);
	ck_assert_int_eq(h1_must_close(&t.h), answers[_i].close);
	ck_assert_int_eq(h1_idle(&t.h), !answers[_i].close);
	trace_fini(&t);
}
END_TEST

START_TEST(interim_answers)
{
	struct head h = { .status = 103, .close = true };
	struct trace t;

	start(&t, RQ "\r\n");
	ck_assert(stream_head(&t.h.stream, &h, false));
	ck_assert(stream_head(&t.h.stream, &h, false));
	check_out(&t,
	    "HTTP/1.1 103 Early Hints\r\n\r\n"
	    "HTTP/1.1 103 Early Hints\r\n\r\n");
	trace_reply(&t, 200);
	check_out(&t, OK "Content-Length: 2\r\n\r\nok");
	ck_assert(h1_idle(&t.h));
	trace_fini(&t);
	start(&t, OLD_RQ);
	ck_assert(stream_head(&t.h.stream, &h, false));
	check_out(&t, "");
	trace_fini(&t);
}
END_TEST

START_TEST(answer_with_trailers)
{
	struct field f = { SLICE_LIT("X-Sum"), SLICE_LIT("1"), FIELD_OTHER };
	struct head trailers = { .count = 1, .fields = &f };
	struct head h = { .status = 200, .body = BODY_STREAM };
	struct trace t;

	start(&t, RQ "\r\n");
	ck_assert(stream_head(&t.h.stream, &h, false));
	stream_end(&t.h.stream, &trailers);
	check_out(
	    &t, OK "Transfer-Encoding: chunked\r\n\r\n0\r\nX-Sum: 1\r\n\r\n");
	trace_fini(&t);
}
END_TEST

#define BIG (BUF_BULK_BYTES + 1)

START_TEST(large_chunk)
{
	static char body[BIG];
	struct head h = { .status = 200, .body = BODY_STREAM };
	struct iovec iov[2];
	struct trace t;

	memset(body, 'b', BIG);
	start(&t, RQ "\r\n");
	ck_assert(stream_head(&t.h.stream, &h, false));
	obuf_consume(&t.out, t.out.bytes);
	stream_data(&t.h.stream, slice_make(body, BIG));
	ck_assert_int_eq(obuf_iov(&t.out, iov, 2), 1);
	ck_assert_uint_eq(iov[0].iov_len, 6 + BIG + 2);
	ck_assert_mem_eq(iov[0].iov_base, "1001\r\nb", 7);
	ck_assert_mem_eq((char *)iov[0].iov_base + 6 + BIG - 1, "b\r\n", 3);
	trace_fini(&t);
}
END_TEST

/* Known at once that the request will not be read whole: said so. */
START_TEST(early_answer_says_close)
{
	struct head h = { .status = 413 };
	struct trace t;

	start(&t, "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
	ck_assert(stream_head(&t.h.stream, &h, true));
	check_out(&t,
	    "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n"
	    "Connection: close\r\n\r\n");
	ck_assert(h1_must_close(&t.h));
	trace_fini(&t);
}
END_TEST

START_TEST(answer_without_question)
{
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(codec_input(&t.h.base, RQ, 5), 0);
	ck_assert(!h1_idle(&t.h));
	trace_reply(&t, 408);
	check_out(&t,
	    "HTTP/1.1 408 Request Timeout\r\nContent-Length: 2\r\n"
	    "Connection: close\r\n\r\nok");
	ck_assert(h1_must_close(&t.h));
	ck_assert_uint_eq(codec_input(&t.h.base, RQ "\r\n", 27), 0);
	ck_assert_str_eq(t.text, "");
	trace_fini(&t);
}
END_TEST

/* A bad HEAD request is a HEAD request still. */
START_TEST(error_answer_to_head)
{
	struct trace t;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	trace_feed(&t, "HEAD / HTTP/1.1\r\n\r\n", 19, NULL, 0);
	check_out(&t,
	    "HTTP/1.1 400 Bad Request\r\nContent-Length: 2\r\n"
	    "Connection: close\r\n\r\n");
	trace_fini(&t);
}
END_TEST

static const struct {
	struct head head;
	bool end;
	const char *out;
} requests[] = {
#define ASK(...)                                                             \
	{                                                                    \
		.method = METHOD_POST, .target = SLICE_LIT("/"), __VA_ARGS__ \
	}
	{ ASK(.body = BODY_NONE), true, "POST / HTTP/1.1\r\n\r\n" },
	{ ASK(.body = BODY_NONE), false, "POST / HTTP/1.1\r\n\r\n" },
	{ ASK(.body = BODY_LENGTH), true,
	    "POST / HTTP/1.1\r\nContent-Length: 0\r\n\r\n" },
	{ ASK(.body = BODY_LENGTH, .length = 5), false,
	    "POST / HTTP/1.1\r\n" CL_FIELD "\r\nhello" },
	{ ASK(.body = BODY_STREAM), false,
	    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n"
	    "5\r\nhello\r\n0\r\n\r\n" },
	{ ASK(.body = BODY_STREAM), true, "POST / HTTP/1.1\r\n\r\n" },
};

START_TEST(request_framing)
{
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ck_assert(
	    stream_head(&t.h.stream, &requests[_i].head, requests[_i].end));
	if (!requests[_i].end) {
		stream_data(&t.h.stream, SLICE_LIT("hello"));
		stream_end(&t.h.stream, NULL);
	}
	check_out(&t, requests[_i].out);
	trace_offer(&t, OK CL_FIELD "\r\nhello", 0, 43);
	ck_assert_ptr_nonnull(strstr(t.text, "end\n"));
	ck_assert(h1_idle(&t.h));
	trace_fini(&t);
}
END_TEST

START_TEST(cut_request)
{
	struct head h = { .method = METHOD_POST,
		.target = SLICE_LIT("/"),
		.body = BODY_LENGTH,
		.length = 5 };
	struct trace t;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ck_assert(stream_head(&t.h.stream, &h, false));
	stream_data(&t.h.stream, SLICE_LIT("hell"));
	ck_assert(!h1_must_close(&t.h));
	stream_end(&t.h.stream, NULL);
	ck_assert(h1_must_close(&t.h));
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
	Suite *suite = suite_create("h1_send");
	TCase *tc = tcase_create("h1_send");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, buf_pool_fini);
	tcase_add_loop_test(tc, answer_framing, 0, COUNT(answers));
	tcase_add_test(tc, interim_answers);
	tcase_add_test(tc, answer_with_trailers);
	tcase_add_test(tc, large_chunk);
	tcase_add_test(tc, early_answer_says_close);
	tcase_add_test(tc, answer_without_question);
	tcase_add_test(tc, error_answer_to_head);
	tcase_add_loop_test(tc, request_framing, 0, COUNT(requests));
	tcase_add_test(tc, cut_request);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
