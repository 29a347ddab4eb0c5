/*
 * Tests of h1.c and h1_send.c where a connection switches to another protocol:
 * when, and what becomes of the bytes around it.
 */
#include "tests/unit/common/http/trace.h"

#include <check.h>

#define SWITCH                                               \
	"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n" \
	"Connection: upgrade\r\n\r\n"
#define SWITCHED                                               \
	"response 101 Switching Protocols v1 b0 n0|Upgrade=x|" \
	"Connection=upgrade\n"

static const struct codec_limits limits = { 512, 64, 8 };
static struct trace t;

static void
ask(const char *protocol)
{
	struct head h = { .method = METHOD_GET,
		.target = SLICE_LIT("/"),
		.upgrade = slice_str(protocol) };

	ck_assert(stream_head(&t.h.stream, &h, true));
}

static void
check_out(const char *want)
{
	struct iovec iov;

	ck_assert_int_eq(obuf_iov(&t.out, &iov, 1), 1);
	ck_assert_uint_eq(iov.iov_len, strlen(want));
	ck_assert_mem_eq(iov.iov_base, want, iov.iov_len);
	obuf_consume(&t.out, iov.iov_len);
}

static void
check_trace(const char *want)
{
	ck_assert_str_eq(t.text, want);
}

/* Bytes behind the 101, however they are cut, are the other protocol's. */
START_TEST(client_switches)
{
	static const char bytes[] = SWITCH "HTTP/1.1 200 OK\r\n\r\n";
	uint8_t cut = (uint8_t)_i;

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ask("x");
	check_out(
	    "GET / HTTP/1.1\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n");
	trace_feed(&t, bytes, strlen(bytes), &cut, 1);
	check_trace(SWITCHED "data HTTP/1.1 200 OK\r\n\r\n\nend\nleft 0 must "
			     "close\n");
	ck_assert(h1_switched(&t.h) && !h1_idle(&t.h));
	/* The peer's end is not ours. */
	stream_data(&t.h.stream, SLICE_LIT("more"));
	check_out("more");
	stream_end(&t.h.stream, NULL);
	stream_data(&t.h.stream, SLICE_LIT("too late"));
	ck_assert_uint_eq(t.out.bytes, 0);
	trace_fini(&t);
}
END_TEST

START_TEST(nobody_asked)
{
	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ask("");
	trace_feed(&t, SWITCH, sizeof(SWITCH) - 1, NULL, 0);
	check_trace("error bad_status\nleft 0 must close\n");
	trace_fini(&t);
}
END_TEST

/* The next request on the connection has to ask for itself. */
START_TEST(asked_before)
{
	static const char other[] =
	    "HTTP/1.1 426 No\r\nContent-Length: 0\r\n\r\n";

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ask("x");
	trace_offer(&t, other, 0, sizeof(other) - 1);
	ck_assert(h1_idle(&t.h) && !h1_must_close(&t.h));
	trace_ask(&t, METHOD_GET);
	t.n = 0;
	trace_offer(&t, SWITCH, 0, sizeof(SWITCH) - 1);
	check_trace("error bad_status\n");
	ck_assert(!h1_switched(&t.h));
	trace_fini(&t);
}
END_TEST

/* Interim answers may come before. */
START_TEST(interim_first)
{
	static const char bytes[] = "HTTP/1.1 103 Hints\r\n\r\n" SWITCH "x";

	trace_init(&t, CODEC_CLIENT, TRACE_LATER, &limits);
	ask("x");
	trace_feed(&t, bytes, sizeof(bytes) - 1, NULL, 0);
	check_trace("response 103 Hints v1 b0 n0\n" SWITCHED
		    "data x\nend\nleft 0 must close\n");
	trace_fini(&t);
}
END_TEST

static void
server_switch(void)
{
	struct field f = { SLICE_LIT("Upgrade"), SLICE_LIT("not this"),
		FIELD_UPGRADE };
	struct head h = { .status = 101,
		.upgrade = SLICE_LIT("x"),
		.close = true,
		.count = 1,
		.fields = &f };

	ck_assert(stream_head(&t.h.stream, &h, false));
	check_out(SWITCH);
	t.open = true; /* what the client sends is a body again */
}

/* What the client sends behind its request waits, and so does its end. */
START_TEST(server_switches)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\nbytes";
	size_t head = sizeof(bytes) - 6;

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	ck_assert_uint_eq(
	    codec_input(&t.h.base, bytes, sizeof(bytes) - 1), head);
	ck_assert_uint_eq(codec_input(&t.h.base, bytes + head, 5), 0);
	codec_eof(&t.h.base);
	t.n = 0;
	server_switch();
	ck_assert_uint_eq(codec_input(&t.h.base, bytes + head, 5), 5);
	codec_eof(&t.h.base);
	check_trace("data bytes\nend\n");
	/* Ours is still to come. */
	ck_assert(!h1_must_close(&t.h));
	stream_data(&t.h.stream, SLICE_LIT("more"));
	check_out("more");
	stream_end(&t.h.stream, NULL);
	ck_assert(h1_must_close(&t.h));
	trace_fini(&t);
}
END_TEST

/* Our end is not the client's. */
START_TEST(server_ends_first)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	codec_input(&t.h.base, bytes, sizeof(bytes) - 1);
	server_switch();
	stream_end(&t.h.stream, NULL);
	t.n = 0;
	ck_assert_uint_eq(codec_input(&t.h.base, "a", 1), 1);
	stream_pause(&t.h.stream, true);
	ck_assert_uint_eq(codec_input(&t.h.base, "b", 1), 0);
	stream_pause(&t.h.stream, false);
	ck_assert_uint_eq(codec_input(&t.h.base, "b", 1), 1);
	codec_eof(&t.h.base);
	check_trace("data ab\nend\n");
	trace_fini(&t);
}
END_TEST

/* A 426 may offer a protocol and is an answer like any other. */
START_TEST(offered)
{
	static const char bytes[] = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
	struct head h = { .status = 426, .upgrade = SLICE_LIT("x") };

	trace_init(&t, CODEC_SERVER, TRACE_LATER, &limits);
	codec_input(&t.h.base, bytes, sizeof(bytes) - 1);
	ck_assert(stream_head(&t.h.stream, &h, true));
	check_out("HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n"
		  "Upgrade: x\r\nConnection: upgrade\r\n\r\n");
	ck_assert(h1_idle(&t.h) && !h1_switched(&t.h));
	trace_fini(&t);
}
END_TEST

static void
setup(void)
{
	buf_pool_init(0);
}

int
main(void)
{
	Suite *suite = suite_create("h1_switch");
	TCase *tc = tcase_create("h1_switch");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, buf_pool_fini);
	tcase_add_loop_test(tc, client_switches, 0, 100);
	tcase_add_test(tc, nobody_asked);
	tcase_add_test(tc, asked_before);
	tcase_add_test(tc, interim_first);
	tcase_add_test(tc, server_switches);
	tcase_add_test(tc, server_ends_first);
	tcase_add_test(tc, offered);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
