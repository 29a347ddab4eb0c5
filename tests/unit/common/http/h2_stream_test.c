/*
 * Tests of h2_stream.c, and of what h2_read.c and h2_send.c do to a stream: its
 * events and their order, how it ends, and that its window comes back.
 */
#include "tests/unit/common/http/h2_raw.h"

enum { NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR };
#define REFUSED 7
#define CANCEL 8

static const struct codec_limits limits = { 4096, 1024, 50 };
static const struct h2_limits own = { 10, 65535, 65535, 200, 1000 };

static void
setup(void)
{
	buf_pool_init(0);
	(void)clock_update();
}

static void
teardown(void)
{
	raw_fini();
	buf_pool_fini();
}

static void
serve(void)
{
	raw_init(CODEC_SERVER, &limits, &own);
	raw_feed();
	raw_pull();
}

/* A client that has asked once. */
static struct stream *
ask_for(const char *protocol)
{
	struct field fields[2];
	struct head h = { .method = METHOD_GET,
		.target = SLICE_LIT("/"),
		.host = SLICE_LIT("a"),
		.upgrade = slice_str(protocol),
		.fields = fields };
	struct stream *s = h2_open(raw.h2);

	ck_assert_ptr_nonnull(s);
	ck_assert(stream_head(s, &h, true));
	raw_pull();
	return s;
}

static struct stream *
ask(void)
{
	raw_init(CODEC_CLIENT, &limits, &own);
	raw_feed();
	return ask_for("");
}

static void
check_over(void)
{
	raw_pull();
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
	ck_assert_msg(h2_fault(raw.h2) == H2_FINE, "%s", h2_fault_text(raw.h2));
}

/* ---- resets of the peer ---- */

/* The request was whole, but nobody waits for its answer. */
START_TEST(reset_while_answered)
{
	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert_int_eq(raw.ends, 1);
	raw_word(RAW_RST_STREAM, 1, CANCEL);
	raw_feed();
	ck_assert_int_eq(raw.errors, 1);
	ck_assert_int_eq(raw.error, CODEC_RESET);
	raw_answer(raw.at, 200, 10);
	ck_assert_uint_eq(stream_queued(raw.at), 0);
	h2_release(raw.at, H2_CANCEL);
	check_over();
}
END_TEST

/* No event comes behind an error. */
START_TEST(reset_after_an_error)
{
	serve();
	raw_headers(1, 0, RAW_PAIRS("X", "y"));
	raw_frame(RAW_DATA, 0, 1, "abc", 3);
	raw_headers(1, END_STREAM, RAW_PAIRS("x", "y"));
	raw_word(RAW_RST_STREAM, 1, CANCEL);
	raw_feed();
	ck_assert_int_eq(raw.errors, 1);
	ck_assert_int_eq(raw.error, CODEC_BAD_FIELD);
	ck_assert_int_eq(raw.heads + raw.ends, 0);
	ck_assert_uint_eq(raw.bytes, 0);
	h2_release(raw.at, H2_BROKEN);
	check_over();
}
END_TEST

START_TEST(refused)
{
	(void)ask();
	raw_word(RAW_RST_STREAM, 1, REFUSED);
	raw_feed();
	ck_assert_int_eq(raw.error, CODEC_REFUSED);
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

/* ---- windows ---- */

/* Bytes on a stream of its own, which end as `how` says. */
static void
upload(uint32_t id, int how)
{
	static const char bytes[15000];

	raw.pause = how != 3;
	raw_headers(id, 0,
	    how == 1 ? RAW_PAIRS(":method", "POST", ":path", "/", ":scheme",
			   "http", ":authority", "a", "content-length", "5")
		     : RAW_POST);
	raw_feed();
	for (int i = 0; i < 2; i++)
		raw_frame(RAW_DATA, 0, id, bytes, sizeof(bytes));
	raw_feed();
	if (how == 0) {
		raw_word(RAW_RST_STREAM, id, CANCEL);
		raw_feed();
	} else if (how == 2) {
		stream_pause(raw.at, false);
		ck_assert(h2_wants_deliver(raw.h2));
		h2_deliver(raw.h2);
		ck_assert_uint_eq(raw.bytes, 30000);
		raw.bytes = 0;
	}
	h2_release(raw.at, H2_CANCEL);
}

/* Reset, too long, delivered, released: the connection can be used on. */
START_TEST(windows_come_back)
{
	serve();
	for (uint32_t id = 1; id < 41; id += 2) {
		upload(id, _i);
		check_over();
	}
}
END_TEST

START_TEST(paused)
{
	static const char bytes[1000];

	serve();
	raw.pause = true;
	raw_headers(1, 0, RAW_POST);
	raw_frame(RAW_DATA, 0, 1, bytes, sizeof(bytes));
	raw_headers(1, END_STREAM, RAW_PAIRS("x", "y"));
	raw_feed();
	ck_assert(!h2_wants_deliver(raw.h2));
	stream_pause(raw.at, false);
	stream_pause(raw.at, true);
	h2_deliver(raw.h2);
	ck_assert_uint_eq(raw.bytes, 0);
	stream_pause(raw.at, false);
	h2_deliver(raw.h2);
	ck_assert_uint_eq(raw.bytes, sizeof(bytes));
	ck_assert_int_eq(raw.ends, 1);
	h2_release(raw.at, H2_CANCEL);
	check_over();
}
END_TEST

/* ---- what is sent ---- */

/* Frames that waited for room are of a stream that was let go meanwhile. */
START_TEST(let_go_while_full)
{
	serve();
	raw_word(RAW_WINDOW_UPDATE, 0, 1u << 30);
	raw_frame(RAW_SETTINGS, 0, 0, "\0\4\0\100\0\0", 6);
	for (uint32_t id = 1; id < 13; id += 2)
		raw_headers(id, END_STREAM, RAW_GET);
	raw_feed();
	for (int i = 0; i < 6; i++)
		raw_answer(raw.streams[i], 200, 100000);
	ck_assert(!h2_pull(raw.h2));
	ck_assert_uint_ge(raw.out.bytes, H2_OUT_BYTES);
	for (int i = 0; i < 6; i++)
		h2_release(raw.streams[i], _i == 0 ? H2_CANCEL : H2_FAILED);
	check_over();
}
END_TEST

START_TEST(codes)
{
	static const long want[] = { NO_ERROR, CANCEL, PROTOCOL_ERROR,
		INTERNAL_ERROR };

	serve();
	raw_headers(1, 0, RAW_POST);
	raw_feed();
	if (_i == H2_DONE)
		raw_answer(raw.at, 200, 5);
	h2_release(raw.at, (enum h2_release)_i);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), want[_i]);
	check_over();
}
END_TEST

/* Behind a whole exchange there is nothing to reset. */
START_TEST(no_code)
{
	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.at, 200, 5);
	h2_release(raw.at, H2_DONE);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), -1);
	check_over();
}
END_TEST

/* A client that does not want the answer any more. */
START_TEST(client_lets_go)
{
	struct stream *s = ask();

	h2_release(s, H2_DONE);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), CANCEL);
	check_over();
}
END_TEST

START_TEST(not_as_announced)
{
	struct head h = { .status = 200, .body = BODY_LENGTH, .length = 5 };

	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert(stream_head(raw.at, &h, false));
	stream_data(raw.at, _i == 0 ? SLICE_LIT("abcd") : SLICE_LIT("abcdef"));
	stream_end(raw.at, NULL);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), INTERNAL_ERROR);
	ck_assert_int_eq(raw.errors, 1);
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

START_TEST(room)
{
	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert(stream_head(raw.at,
	    &(struct head){ .status = 200, .body = BODY_STREAM }, false));
	stream_data(raw.at, SLICE_LIT("abc"));
	ck_assert_uint_eq(stream_queued(raw.at), 3);
	ck_assert(h2_wants_pull(raw.h2));
	raw_pull();
	ck_assert_int_eq(raw.rooms, 1);
	ck_assert(!h2_wants_pull(raw.h2));
	stream_data(raw.at, SLICE_LIT("abc"));
	stream_end(raw.at, NULL);
	raw_pull();
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

/* ---- a client's answers ---- */

/* Nothing may come before a final head. */
START_TEST(data_before_the_head)
{
	(void)ask();
	if (_i >= 2)
		raw_headers(1, 0, RAW_PAIRS(":status", "103"));
	raw_frame(RAW_DATA, _i % 2 == 0 ? END_STREAM : 0, 1, "abc",
	    _i % 2 == 0 ? 0 : 3);
	raw_feed();
	/* The library sees the one, we the other. */
	if (h2_fault(raw.h2) == H2_FINE)
		raw_pull();
	ck_assert_int_eq(raw.errors, 1);
	ck_assert_int_eq(raw.ends, 0);
	ck_assert_uint_eq(raw.bytes, 0);
	h2_release(raw.at, H2_BROKEN);
	raw_pull();
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

START_TEST(answer_without_status)
{
	(void)ask();
	raw_headers(1, 0, RAW_PAIRS("x", "y"));
	raw_feed();
	ck_assert_int_eq(raw.error, CODEC_BAD_PSEUDO);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), PROTOCOL_ERROR);
	h2_release(raw.at, H2_BROKEN);
	check_over();
}
END_TEST

/* Of HEAD, 204 and 304: content is none of theirs. */
START_TEST(data_of_the_bodiless)
{
	(void)ask();
	raw_headers(1, 0, RAW_PAIRS(":status", _i == 0 ? "204" : "304"));
	raw_frame(RAW_DATA, 0, 1, "x", 1);
	raw_feed();
	ck_assert_int_eq(raw.error, CODEC_BAD_LENGTH);
	h2_release(raw.at, H2_BROKEN);
	check_over();
}
END_TEST

/* ---- extended CONNECT ---- */

static void
allow_connect(void)
{
	raw_init(CODEC_CLIENT, &limits, &own);
	ck_assert_uint_eq(h2_peer_streams(raw.h2), 0);
	ck_assert(!h2_settled(raw.h2) && !h2_takes_connect(raw.h2));
	raw.n = 0;
	raw_frame(RAW_SETTINGS, 0, 0, "\0\10\0\0\0\1\0\3\0\0\0\2", 12);
	raw_feed();
	ck_assert(h2_settled(raw.h2) && h2_takes_connect(raw.h2));
	ck_assert_uint_eq(h2_peer_streams(raw.h2), 2);
}

/* It is told which protocol it has now. */
START_TEST(client_switches)
{
	struct stream *s;

	allow_connect();
	s = ask_for("echo");
	raw_headers(1, 0, RAW_PAIRS(":status", _i == 0 ? "200" : "404"));
	raw_frame(RAW_DATA, 0, 1, "abc", 3);
	raw_feed();
	ck_assert_uint_eq(raw.status, _i == 0 ? 101 : 404);
	ck_assert_str_eq(raw.protocol, _i == 0 ? "echo" : "");
	ck_assert_uint_eq(raw.bytes, 3);
	h2_release(s, H2_CANCEL);
	check_over();
}
END_TEST

/* A refusal is an answer like any other. */
START_TEST(server_refuses_to_switch)
{
	serve();
	raw_headers(1, 0, RAW_CONNECT);
	raw_frame(RAW_DATA, 0, 1, "abc", 3);
	raw_feed();
	ck_assert_str_eq(raw.protocol, "websocket");
	ck_assert_int_eq(raw.ends, 1);
	ck_assert_uint_eq(raw.bytes, 0);
	raw_answer(raw.at, 403, 5);
	h2_release(raw.at, H2_DONE);
	ck_assert_int_eq(raw_code(RAW_RST_STREAM, 1), NO_ERROR);
	ck_assert_uint_eq(raw.bytes, 0);
	check_over();
}
END_TEST

START_TEST(server_switches)
{
	struct head h = { .status = 101, .upgrade = SLICE_LIT("websocket") };

	serve();
	raw_headers(1, 0, RAW_CONNECT);
	raw_frame(RAW_DATA, 0, 1, "abc", 3);
	raw_feed();
	ck_assert(stream_head(raw.at, &h, false));
	h2_deliver(raw.h2);
	ck_assert_uint_eq(raw.bytes, 3);
	raw_frame(RAW_DATA, END_STREAM, 1, "def", 3);
	raw_feed();
	ck_assert_uint_eq(raw.bytes, 6);
	ck_assert_int_eq(raw.ends, 2);
	stream_end(raw.at, NULL);
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

/* ---- the end of the connection ---- */

/* First that there will be an end; when that was heard, which is the last. */
START_TEST(goaway_in_two_steps)
{
	const unsigned char *p;

	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	h2_goaway(raw.h2, false);
	h2_goaway(raw.h2, false);
	p = raw_said(RAW_GOAWAY, 0);
	ck_assert_mem_eq(p + 9, "\x7f\xff\xff\xff\0\0\0\0", 8);
	raw_headers(3, END_STREAM, RAW_GET);
	raw_frame(RAW_PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8);
	raw_feed();
	ck_assert_int_eq(raw.count, 2);
	p = raw_said(RAW_GOAWAY, 0);
	ck_assert_mem_eq(p + 9, "\0\0\0\3\0\0\0\0", 8);
	raw_headers(5, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert_int_eq(raw.count, 2);
	for (int i = 0; i < 2; i++) {
		raw_answer(raw.streams[i], 200, 3);
		h2_release(raw.streams[i], H2_DONE);
	}
	check_over();
	ck_assert(h2_over(raw.h2));
}
END_TEST

/* What comes between the last word and its sending was not looked at. */
START_TEST(behind_the_last_word)
{
	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	h2_goaway(raw.h2, true);
	raw_headers(3, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert_int_eq(raw.count, 1);
	raw_answer(raw.at, 200, 3);
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

/* Streams that it does not look at may be asked for elsewhere. */
START_TEST(goaway_of_the_server)
{
	struct stream *first, *late;

	first = ask();
	(void)ask_for("");
	late = h2_open(raw.h2);
	raw_frame(RAW_GOAWAY, 0, 0, "\0\0\0\1\0\0\0\0", 8);
	raw_feed();
	ck_assert_int_eq(raw.errors, 1);
	ck_assert_int_eq(raw.error, CODEC_REFUSED);
	h2_release(raw.at, H2_DONE);
	ck_assert(h2_leaving(raw.h2) && !h2_may_open(raw.h2));
	ck_assert_ptr_null(h2_open(raw.h2));
	/* One that was opened, and not yet used. */
	ck_assert(stream_head(late,
	    &(struct head){ .method = METHOD_GET, .target = SLICE_LIT("/") },
	    true));
	raw_pull();
	ck_assert_int_eq(raw.errors, 2);
	ck_assert_int_eq(raw.error, CODEC_REFUSED);
	h2_release(late, H2_DONE);
	raw_headers(1, END_STREAM, RAW_PAIRS(":status", "200"));
	raw_feed();
	ck_assert_int_eq(raw.ends, 1);
	h2_release(first, H2_DONE);
	check_over();
}
END_TEST

/* It is no fault, but all streams have ended. */
START_TEST(peer_ends)
{
	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_headers(3, 0, RAW_POST);
	raw_headers(5, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.streams[0], 200, 5);
	raw_pull();
	raw_answer(raw.streams[2], 200, 5);
	codec_eof(h2_codec(raw.h2));
	ck_assert_int_eq(raw.errors, 2);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
	ck_assert(h2_leaving(raw.h2));
	for (int i = 0; i < 3; i++)
		h2_release(raw.streams[i], H2_DONE);
	check_over();
}
END_TEST

/* Frames that break the connection; the code says how. */
START_TEST(faults)
{
	static const char zeros[16];
	static const long want[] = { 1, 1, 9, 6, 1, 5, 3, 1 };

	serve();
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	switch (_i) {
	case 0:
		raw_frame(RAW_DATA, 0, 0, "x", 1);
		break;
	case 1:
		raw_word(RAW_WINDOW_UPDATE, 0, 0);
		break;
	case 2: /* an index beyond the table */
		raw_frame(
		    RAW_HEADERS, END_STREAM | END_HEADERS, 3, "\xff\x40", 2);
		break;
	case 3:
		raw_frame(RAW_PING, 0, 0, zeros, 7);
		break;
	case 4:
		raw_frame(RAW_PUSH_PROMISE, END_HEADERS, 1, zeros, 5);
		break;
	case 5:
		raw_frame(RAW_DATA, 0, 1, "x", 1);
		break;
	case 6:
		raw_word(RAW_WINDOW_UPDATE, 0, 0x7fffffff);
		break;
	case 7: /* within a header block */
		raw_frame(RAW_HEADERS, END_STREAM, 3, "", 0);
		raw_frame(RAW_PING, 0, 0, zeros, 8);
		break;
	default:
		ck_abort();
	}
	raw_headers(7, END_STREAM, RAW_GET);
	raw_feed();
	raw_pull();
	ck_assert_int_eq(raw.goaway, want[_i]);
	ck_assert_int_eq(h2_fault(raw.h2), H2_PROTOCOL);
	ck_assert_int_eq(raw.errors, 1);
	ck_assert_int_eq(raw.heads, 1);
	h2_release(raw.at, H2_DONE);
	raw_pull();
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* Events may let any stream go, also the one that is told. */
static void
let_all_go(struct stream *s, enum codec_error e)
{
	(void)s;
	(void)e;
	for (int i = 0; i < raw.count; i++)
		h2_release(raw.streams[i], H2_CANCEL);
	raw.count = 0;
}

START_TEST(released_from_within)
{
	static const struct codec_events events = { raw_on_head, raw_on_data,
		raw_on_end, let_all_go, raw_on_room };

	serve();
	for (uint32_t id = 1; id < 11; id += 2)
		raw_headers(id, END_STREAM, RAW_GET);
	raw_feed();
	h2_codec(raw.h2)->events = &events;
	if (_i == 0)
		raw_word(RAW_RST_STREAM, 5, CANCEL);
	else
		codec_eof(h2_codec(raw.h2));
	raw_feed();
	check_over();
}
END_TEST

/* Our own header table is not the peer's to choose. */
START_TEST(table_size)
{
	serve();
	raw_frame(RAW_SETTINGS, 0, 0, "\0\1\177\377\377\377", 6);
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.at, 200, 3);
	h2_release(raw.at, H2_DONE);
	check_over();
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h2_stream");
	TCase *tc = tcase_create("h2_stream");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, reset_while_answered);
	tcase_add_test(tc, reset_after_an_error);
	tcase_add_test(tc, refused);
	tcase_add_loop_test(tc, windows_come_back, 0, 4);
	tcase_add_test(tc, paused);
	tcase_add_loop_test(tc, let_go_while_full, 0, 2);
	tcase_add_loop_test(tc, codes, 0, 4);
	tcase_add_test(tc, no_code);
	tcase_add_test(tc, client_lets_go);
	tcase_add_loop_test(tc, not_as_announced, 0, 2);
	tcase_add_test(tc, room);
	tcase_add_loop_test(tc, data_before_the_head, 0, 4);
	tcase_add_test(tc, answer_without_status);
	tcase_add_loop_test(tc, data_of_the_bodiless, 0, 2);
	tcase_add_loop_test(tc, client_switches, 0, 2);
	tcase_add_test(tc, server_refuses_to_switch);
	tcase_add_test(tc, server_switches);
	tcase_add_test(tc, goaway_in_two_steps);
	tcase_add_test(tc, behind_the_last_word);
	tcase_add_test(tc, goaway_of_the_server);
	tcase_add_test(tc, peer_ends);
	tcase_add_loop_test(tc, faults, 0, 8);
	tcase_add_loop_test(tc, released_from_within, 0, 2);
	tcase_add_test(tc, table_size);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
