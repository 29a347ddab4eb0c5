/*
 * h2_window_test.c - a stream's windows, its events, and its end: whatever the
 * owner and the peer do to it, the connection goes on.
 */
#include "tests/unit/common/http/h2_peer.h"

#define INITIAL_WINDOW 4 /* of SETTINGS (RFC 9113 6.5.2) */
#define MAX_STREAMS 3
#define WINDOW 65535

static struct raw raw;
static const char block[16000];

static void
setup(void)
{
	buf_pool_init(0);
	(void)clock_update();
}

static void
teardown(void)
{
	raw_end(&raw);
	buf_pool_fini();
}

static void
serve(void)
{
	static const struct h2_limits own = { 100, WINDOW, WINDOW, 5000,
		10000 };

	raw_begin(&raw, CODEC_SERVER, &own);
}

static void
ask(void)
{
	raw_begin(&raw, CODEC_CLIENT, &raw_h2_limits);
}

static void
pause_it(struct raw *r, struct stream *s, const struct head *h)
{
	(void)r;
	(void)h;
	stream_pause(s, true);
}

static void
let_go(struct raw *r, struct stream *s, enum codec_error e)
{
	(void)r;
	(void)e;
	h2_release(s, H2_CANCEL);
}

/* ---- windows towards us ---- */

/* What was held of uploads that are over is given back to the others. */
START_TEST(aborted_uploads)
{
	serve();
	raw.owner.on_head = pause_it;
	raw.owner.on_error = let_go;
	for (uint32_t i = 0; i < 1000; i++) {
		raw_post(&raw, 2 * i + 1);
		raw_data(&raw, 2 * i + 1, 16384, false);
		raw_data(&raw, 2 * i + 1, 16384, i % 4 == 2);
		if (i % 4 == 0) /* by the client, or by us */
			raw_number(
			    &raw, RAW_RST_STREAM, 2 * i + 1, CODE_CANCEL);
		else if (i % 4 == 1)
			raw_headers(&raw, 2 * i + 1, END_HEADERS, "X-A b\n");
		else
			h2_release(raw.owner.last, H2_CANCEL);
		raw_turn(&raw);
		ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
	}
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
	ck_assert_uint_ge(
	    raw.seen.connection_window, 1000u * 32768 - WINDOW / 2);
	ck_assert_uint_eq(raw.owner.bytes, 0);
}
END_TEST

/* Of more than was announced, of padding, of what is not wanted any more. */
START_TEST(surplus_is_given_back)
{
	serve();
	raw_headers(&raw, 1, END_HEADERS, RAW_POST "content-length 10\n");
	for (int i = 0; i < 3; i++)
		raw_data(&raw, 1, 16384, false);
	raw_frame(&raw, RAW_DATA, PADDED, 1, "\3\0\0\0", 4);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.bytes, 10);
	ck_assert_int_eq(raw.owner.error, CODEC_BAD_LENGTH);
	ck_assert_uint_eq(raw.owner.errors, 1);
	ck_assert_uint_ge(raw.seen.connection_window, 32768);
}
END_TEST

/* One that reads nothing has one window, and no more. */
START_TEST(paused_stream_is_bounded)
{
	serve();
	raw.owner.on_head = pause_it;
	raw_post(&raw, 1);
	for (int i = 0; i < 3; i++)
		raw_data(&raw, 1, 16384, false);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_WINDOW_UPDATE], 0);
	stream_pause(raw.owner.last, false);
	ck_assert(h2_wants_deliver(raw.h2));
	ck_assert_uint_eq(raw.owner.bytes, 0); /* not from within */
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.bytes, 3 * 16384);
	ck_assert_uint_ge(raw.seen.stream_window, 32768);
	raw_data(&raw, 1, 5, true);
	ck_assert_uint_eq(raw.owner.ends, 1);
	/* Beyond it is an error of the stream's. */
	raw_post(&raw, 3);
	for (int i = 0; i < 5; i++)
		raw_data(&raw, 3, 16384, false);
	raw_turn(&raw);
	ck_assert_int_eq(raw.seen.goaway, CODE_FLOW_CONTROL_ERROR);
	ck_assert_int_eq(h2_fault(raw.h2), H2_PROTOCOL);
}
END_TEST

/* In the client role one slow reader does not stop the others. */
START_TEST(client_connection_window)
{
	struct stream *slow;

	ask();
	slow = raw_ask(&raw, "GET", BODY_NONE, 0);
	(void)raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_turn(&raw);
	stream_pause(slow, true);
	for (uint32_t id = 1; id <= 3; id += 2) {
		raw_headers(&raw, id, END_HEADERS, ":status 200\n");
		for (int i = 0; i < 3; i++)
			raw_data(&raw, id, 16384, false);
	}
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.bytes, 3 * 16384);
	/* What it held when it was let go is not given back twice. */
	h2_release(slow, H2_CANCEL);
	raw_turn(&raw);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
	ck_assert_uint_le(raw.seen.connection_window, 6 * 16384);
}
END_TEST

/* ---- windows towards the peer ---- */

static void
answer_large(struct stream *s, size_t blocks)
{
	raw_answer(s, 200, BODY_STREAM, 0, false);
	for (size_t i = 0; i < blocks; i++)
		stream_data(s, slice_make(block, sizeof(block)));
	stream_end(s, NULL);
}

START_TEST(window_changes)
{
	serve();
	raw_setting(&raw, INITIAL_WINDOW, 0);
	raw_get(&raw, 1);
	answer_large(raw.owner.last, 10);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, 0);
	raw_setting(&raw, INITIAL_WINDOW, 1000);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, 1000);
	/* Smaller: it is below zero now (RFC 9113 6.9.2). */
	raw_setting(&raw, INITIAL_WINDOW, 100);
	raw_number(&raw, RAW_WINDOW_UPDATE, 1, 900);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, 1000);
	raw_number(&raw, RAW_WINDOW_UPDATE, 1, 1);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, 1001);
	raw_setting(&raw, INITIAL_WINDOW, 1 << 20);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, WINDOW); /* the connection's */
	raw_number(&raw, RAW_WINDOW_UPDATE, 0, 1 << 20);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data, 160000);
	ck_assert_uint_eq(raw.seen.data_ended, 1);
	h2_release(raw.owner.last, H2_DONE);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 0);
}
END_TEST

static unsigned turns[4], last_turn;

static void
note_turn(struct raw *r, unsigned type, uint32_t id, size_t n)
{
	(void)r;
	if (type == RAW_DATA && n != 0 && last_turn != id)
		turns[id / 2]++;
	if (type == RAW_DATA)
		last_turn = id;
}

/* Priorities are not minded. */
START_TEST(streams_take_turns)
{
	serve();
	raw_setting(&raw, INITIAL_WINDOW, 1 << 20);
	raw_number(&raw, RAW_WINDOW_UPDATE, 0, 1 << 20);
	raw.on_frame = note_turn;
	for (uint32_t i = 0; i < 3; i++) {
		raw_headers(&raw, 2 * i + 1, END_HEADERS | END_STREAM,
		    i == 0 ? RAW_GET "priority u=0\n"
			   : RAW_GET "priority u=7\n");
		answer_large(raw.owner.last, 10);
	}
	raw_turn(&raw);
	for (int i = 0; i < 3; i++)
		ck_assert_uint_ge(turns[i], 8);
	ck_assert_uint_eq(raw.seen.data_ended, 3);
}
END_TEST

/* Let go while a frame of it waits for room in the obuf. */
START_TEST(released_in_mid_frame)
{
	struct stream *s;

	serve();
	raw_setting(&raw, INITIAL_WINDOW, 1 << 20);
	raw_number(&raw, RAW_WINDOW_UPDATE, 0, 1 << 20);
	raw_get(&raw, 1);
	s = raw.owner.last;
	raw_answer(s, 200, BODY_STREAM, 0, false);
	for (int i = 0; i < 20; i++)
		stream_data(s, slice_make(block, sizeof(block)));
	ck_assert(!h2_pull(raw.h2));
	ck_assert_uint_ge(raw.out.bytes, H2_OUT_BYTES);
	h2_release(s, H2_CANCEL);
	raw_turn(&raw);
	ck_assert_int_eq(raw.seen.reset, CODE_CANCEL);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* ---- ends ---- */

/* RFC 9113 8.1: the answer, then NO_ERROR, once. */
START_TEST(early_answer)
{
	serve();
	raw_post(&raw, 1);
	raw_data(&raw, 1, 100, false);
	raw_answer(raw.owner.last, 413, BODY_LENGTH, 2, false);
	stream_data(raw.owner.last, SLICE_LIT("no"));
	stream_end(raw.owner.last, NULL);
	if (_i == 1)
		raw_turn(&raw);
	h2_release(raw.owner.last, _i == 2 ? H2_BROKEN : H2_DONE);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.data_ended, 1);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 1);
	ck_assert_int_eq(
	    raw.seen.reset, _i == 2 ? CODE_PROTOCOL_ERROR : CODE_NO_ERROR);
	raw_data(&raw, 1, 16384, false);
	raw_data(&raw, 1, 16384, true);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 1);
	ck_assert_uint_eq(raw.owner.bytes, 100);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* No answer at all, or a part of one, is a cut. */
START_TEST(cut)
{
	serve();
	raw_get(&raw, 1);
	if (_i == 1)
		raw_answer(raw.owner.last, 200, BODY_STREAM, 0, false);
	raw_turn(&raw);
	h2_release(raw.owner.last, H2_DONE);
	raw_turn(&raw);
	ck_assert_int_eq(raw.seen.reset, CODE_CANCEL);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* The answer is lost, whatever came before; told once. */
START_TEST(lost_after_the_end)
{
	serve();
	raw_get(&raw, 1);
	ck_assert_uint_eq(raw.owner.ends, 1);
	raw_number(&raw, RAW_RST_STREAM, 1, CODE_CANCEL);
	ck_assert_uint_eq(raw.owner.errors, 1);
	ck_assert_int_eq(raw.owner.error, CODEC_RESET);
	raw_answer(raw.owner.last, 200, BODY_NONE, 0, true);
	codec_eof(h2_codec(raw.h2));
	ck_assert_uint_eq(raw.owner.errors, 1);
	h2_release(raw.owner.last, H2_CANCEL);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_HEADERS], 0);
}
END_TEST

/* One whose answer has gone has nothing to lose. */
START_TEST(reset_behind_the_answer)
{
	serve();
	raw_post(&raw, 1);
	raw_answer(raw.owner.last, 200, BODY_NONE, 0, true);
	raw_turn(&raw);
	raw_number(&raw, RAW_RST_STREAM, 1, CODE_NO_ERROR);
	ck_assert_uint_eq(raw.owner.errors, 1); /* its request is not whole */
	h2_release(raw.owner.last, H2_DONE);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 0);
}
END_TEST

/* ---- let go in each event ---- */

static void
done_in_head(struct raw *r, struct stream *s, const struct head *h)
{
	(void)h;
	(void)r;
	h2_release(s, H2_CANCEL);
}

static void
done_in_event(struct raw *r, struct stream *s)
{
	(void)r;
	h2_release(s, H2_CANCEL);
}

START_TEST(released_in_event)
{
	serve();
	raw.owner.on_head = _i == 0 ? done_in_head : _i == 4 ? pause_it : NULL;
	raw.owner.on_data = _i == 1 || _i == 4 ? done_in_event : NULL;
	raw.owner.on_end = _i == 2 ? done_in_event : NULL;
	raw.owner.on_error = _i == 3 ? let_go : NULL;
	raw_headers(&raw, 1, END_HEADERS,
	    _i == 3 ? RAW_POST "connection x\n" : RAW_POST);
	raw_data(&raw, 1, 1000, false);
	raw_data(&raw, 1, 1000, false);
	if (_i == 4)
		stream_pause(raw.owner.last, false);
	raw_data(&raw, 1, 1000, true);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.heads + raw.owner.errors, 1);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 1);
}
END_TEST

/* Everything that may be open is, when the connection goes. */
START_TEST(all_open)
{
	serve();
	raw.owner.on_head = pause_it;
	for (uint32_t i = 0; i < 12; i++) {
		if (i % 4 == 3)
			raw_headers(
			    &raw, 2 * i + 1, END_HEADERS, RAW_WEBSOCKET);
		else
			raw_post(&raw, 2 * i + 1);
		raw_data(&raw, 2 * i + 1, 1000, false);
		raw_headers(
		    &raw, 2 * i + 1, END_HEADERS | END_STREAM, "x-trailer a\n");
		if (i % 4 != 3)
			answer_large(raw.owner.last, 2);
		if (i % 4 == 1)
			h2_release(raw.owner.last, H2_DONE);
		if (i % 4 == 2)
			h2_release(raw.owner.last, H2_FAILED);
	}
	raw_frame(&raw, RAW_HEADERS, 0, 99, "\x82", 1);
	ck_assert(h2_in_head(raw.h2));
	if (_i == 1)
		(void)h2_pull(raw.h2);
	if (_i == 2)
		codec_eof(h2_codec(raw.h2));
}
END_TEST

/* ---- answers ---- */

/* Behind an interim head the library takes it. */
START_TEST(data_without_a_head)
{
	ask();
	(void)raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_turn(&raw);
	raw_headers(&raw, 1, END_HEADERS, ":status 103\n");
	raw_data(&raw, 1, (size_t)_i, true);
	ck_assert_uint_eq(raw.owner.bytes + raw.owner.ends, 0);
	ck_assert_int_eq(raw.owner.error, CODEC_UNEXPECTED);
	raw_turn(&raw);
	ck_assert_int_eq(raw.seen.reset, CODE_PROTOCOL_ERROR);
}
END_TEST

static const struct {
	const char *head;
	const char *method;
	size_t bytes;
	enum codec_error error;
} lengths[] = {
	{ ":status 200\ncontent-length 5\n", "GET", 5, CODEC_OK },
	{ ":status 200\ncontent-length 5\n", "GET", 4, CODEC_BAD_LENGTH },
	{ ":status 200\ncontent-length 5\n", "GET", 6, CODEC_BAD_LENGTH },
	{ ":status 200\ncontent-length 0\n", "GET", 1, CODEC_BAD_LENGTH },
	{ ":status 200\ncontent-length 5\n", "HEAD", 0, CODEC_OK },
	{ ":status 200\ncontent-length 5\n", "HEAD", 5, CODEC_BAD_LENGTH },
	{ ":status 204\n", "GET", 0, CODEC_OK },
	{ ":status 204\n", "GET", 1, CODEC_BAD_LENGTH },
	{ ":status 304\ncontent-length 5\n", "GET", 0, CODEC_OK },
	{ ":status 304\ncontent-length 5\n", "GET", 5, CODEC_BAD_LENGTH },
	{ ":status 205\n", "GET", 0, CODEC_OK },
};

START_TEST(answer_length)
{
	struct stream *s;

	ask();
	s = raw_ask(&raw, lengths[_i].method, BODY_NONE, 0);
	raw_turn(&raw);
	raw_headers(&raw, 1, END_HEADERS, lengths[_i].head);
	raw_data(&raw, 1, lengths[_i].bytes, true);
	ck_assert_int_eq(raw.owner.error, lengths[_i].error);
	ck_assert_uint_eq(raw.owner.ends, lengths[_i].error == CODEC_OK);
	h2_release(s, lengths[_i].error == CODEC_OK ? H2_DONE : H2_BROKEN);
	raw_turn(&raw);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* As gRPC answers a call that failed: trailers only. */
START_TEST(interim_then_trailers_only)
{
	ask();
	(void)raw_ask(&raw, "POST", BODY_STREAM, 0);
	raw_turn(&raw);
	raw_headers(&raw, 1, END_HEADERS, ":status 100\n");
	raw_headers(&raw, 1, END_HEADERS, ":status 103\nlink x\n");
	ck_assert_uint_eq(raw.owner.heads, 2);
	raw_headers(
	    &raw, 1, END_HEADERS | END_STREAM, ":status 200\ngrpc-status 5\n");
	ck_assert_uint_eq(raw.owner.heads, 3);
	ck_assert_uint_eq(raw.owner.ends, 1);
	raw_number(&raw, RAW_RST_STREAM, 1, CODE_NO_ERROR);
	ck_assert_uint_eq(raw.owner.errors, 0);
	h2_release(raw.owner.last, H2_DONE);
	raw_turn(&raw);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
	ck_assert_uint_eq(raw.seen.frames[RAW_RST_STREAM], 0);
}
END_TEST

/* The head and the trailers, without any data between. */
START_TEST(trailers_without_data)
{
	ask();
	(void)raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_turn(&raw);
	raw_headers(&raw, 1, END_HEADERS, ":status 200\n");
	raw_headers(&raw, 1, END_HEADERS | (_i == 0 ? END_STREAM : 0),
	    "grpc-status 0\n");
	ck_assert_uint_eq(raw.owner.trailers, _i == 0);
	ck_assert_uint_eq(raw.owner.ends, _i == 0);
	ck_assert_uint_eq(raw.owner.errors, _i != 0);
}
END_TEST

/* An answer that came whole and was held is told after the stream's end. */
START_TEST(held_beyond_the_end)
{
	struct stream *s;

	ask();
	s = raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_turn(&raw);
	stream_pause(s, true);
	raw_headers(&raw, 1, END_HEADERS, ":status 200\n");
	raw_data(&raw, 1, 1000, false);
	raw_headers(&raw, 1, END_HEADERS | END_STREAM, "grpc-status 0\nx y\n");
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.bytes, 0);
	stream_pause(s, false);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.bytes, 1000);
	ck_assert_uint_eq(raw.owner.trailers, 2);
	h2_release(s, H2_DONE);
}
END_TEST

/* ---- GOAWAY ---- */

START_TEST(goaway_of_the_server)
{
	const uint8_t last_is_1[8] = { 0, 0, 0, 1, 0, 0, 0, 0 };
	struct stream *a, *b;

	ask();
	a = raw_ask(&raw, "GET", BODY_NONE, 0);
	b = raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_turn(&raw);
	raw_frame(&raw, RAW_GOAWAY, 0, 0, last_is_1, sizeof(last_is_1));
	ck_assert_uint_eq(raw.owner.errors, 1);
	ck_assert_int_eq(raw.owner.error, CODEC_REFUSED);
	ck_assert_ptr_eq(raw.owner.last, b);
	ck_assert(h2_leaving(raw.h2) && !h2_may_open(raw.h2));
	ck_assert(!h2_over(raw.h2));
	h2_release(b, H2_CANCEL);
	raw_headers(&raw, 1, END_HEADERS | END_STREAM, ":status 200\n");
	ck_assert_uint_eq(raw.owner.ends, 1);
	h2_release(a, H2_DONE);
	raw_turn(&raw);
	ck_assert(h2_over(raw.h2));
}
END_TEST

/* What is under way when we say so is served, what comes later is not. */
START_TEST(goaway_in_two_steps)
{
	serve();
	h2_goaway(raw.h2, false);
	h2_goaway(raw.h2, false);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_GOAWAY], 1);
	ck_assert_uint_eq(raw.seen.goaway_last, 0x7fffffff);
	raw_get(&raw, 1);
	ck_assert_uint_eq(raw.owner.heads, 1);
	raw_frame(&raw, RAW_PING, ACK, 0, "\0\0\0\0\0\0\0\0", 8);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_GOAWAY], 2);
	ck_assert_uint_eq(raw.seen.goaway_last, 1);
	raw_get(&raw, 3);
	ck_assert_uint_eq(raw.owner.heads, 1);
	ck_assert(!h2_over(raw.h2));
	raw_answer(raw.owner.last, 200, BODY_NONE, 0, true);
	h2_release(raw.owner.last, H2_DONE);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.headers_ended, 1);
	ck_assert(h2_over(raw.h2));
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
}
END_TEST

/* Requests that the peer has not taken yet, when it allows fewer. */
START_TEST(waiting_requests_are_cancelled)
{
	struct stream *s[3];

	ask();
	for (int i = 0; i < 3; i++)
		s[i] = raw_ask(&raw, "GET", BODY_NONE, 0);
	raw_setting(&raw, MAX_STREAMS, 1);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.seen.frames[RAW_HEADERS], 1);
	ck_assert(!h2_may_open(raw.h2));
	h2_release(s[2], H2_CANCEL);
	h2_release(s[1], H2_CANCEL);
	h2_release(s[0], H2_CANCEL);
	raw_turn(&raw);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
	ck_assert_uint_eq(raw.seen.frames[RAW_HEADERS], 1);
}
END_TEST

/* ---- faults ---- */

/* In the same bytes nothing is told behind it. */
START_TEST(silence_after_a_fault)
{
	static const struct h2_limits calm = { 100, WINDOW, WINDOW, 10, 10 };
	static const char unknown[9] = "\0\0\0\xee\0\0\0\0";
	uint8_t bytes[512], *at = bytes;
	size_t n;

	raw_begin(&raw, CODEC_SERVER, &calm);
	for (int i = 0; i < 11; i++, at += 9)
		memcpy(at, unknown, 9);
	memcpy(at, "\0\0\0\1\5\0\0\0\1", 9);
	n = raw_block(at + 9, RAW_GET);
	at[2] = (uint8_t)n;
	raw_bytes(&raw, bytes, (size_t)(at - bytes) + 9 + n);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FLOOD);
	raw_get(&raw, 9);
	ck_assert_uint_eq(raw.owner.heads, 0);
	raw_turn(&raw);
	ck_assert_int_eq(raw.seen.goaway, CODE_ENHANCE_YOUR_CALM);
}
END_TEST

/* What the library finds is told when its GOAWAY goes. */
START_TEST(protocol_error)
{
	serve();
	raw_get(&raw, 1);
	raw_data(&raw, 3, 1, false); /* nobody has begun it */
	raw_get(&raw, 5);
	raw_turn(&raw);
	ck_assert_uint_eq(raw.owner.heads, 1);
	ck_assert_uint_eq(raw.owner.errors, 1);
	ck_assert_int_eq(h2_fault(raw.h2), H2_PROTOCOL);
	ck_assert_int_eq(raw.seen.goaway, CODE_PROTOCOL_ERROR);
	h2_release(raw.owner.last, H2_CANCEL);
}
END_TEST

/* Without memory for what goes out: it is over, and nobody turns forever. */
START_TEST(no_memory_to_send)
{
	serve();
	raw_get(&raw, 1);
	answer_large(raw.owner.last, 1);
	raw.out.failed = true;
	for (int i = 0; i < 10 && !h2_pull(raw.h2); i++)
		;
	ck_assert(!h2_wants_pull(raw.h2));
	ck_assert_int_eq(h2_fault(raw.h2), H2_MEMORY);
	ck_assert_uint_eq(raw.owner.errors, 1);
	h2_release(raw.owner.last, H2_CANCEL);
}
END_TEST

/* A head whose last frame is not whole yet is not over (timeouts.head). */
START_TEST(head_in_part)
{
	uint8_t bytes[512] = "\0\0\0\1\5\0\0\0\1";
	size_t n = raw_block(bytes + 9, RAW_GET);

	serve();
	bytes[2] = (uint8_t)n;
	ck_assert(!h2_in_head(raw.h2));
	raw_bytes(&raw, bytes, 9 + n - 1);
	ck_assert(h2_in_head(raw.h2));
	raw_bytes(&raw, bytes + 9 + n - 1, 1);
	ck_assert(!h2_in_head(raw.h2));
	ck_assert_uint_eq(raw.owner.ends, 1);
}
END_TEST

#define ROWS(table) (int)(sizeof(table) / sizeof((table)[0]))

int
main(void)
{
	Suite *s = suite_create("h2_window");
	TCase *t = tcase_create("h2_window");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, aborted_uploads);
	tcase_add_test(t, surplus_is_given_back);
	tcase_add_test(t, paused_stream_is_bounded);
	tcase_add_test(t, client_connection_window);
	tcase_add_test(t, window_changes);
	tcase_add_test(t, streams_take_turns);
	tcase_add_test(t, released_in_mid_frame);
	tcase_add_loop_test(t, early_answer, 0, 3);
	tcase_add_loop_test(t, cut, 0, 2);
	tcase_add_test(t, lost_after_the_end);
	tcase_add_test(t, reset_behind_the_answer);
	tcase_add_loop_test(t, released_in_event, 0, 5);
	tcase_add_loop_test(t, all_open, 0, 3);
	tcase_add_loop_test(t, data_without_a_head, 0, 2);
	tcase_add_loop_test(t, answer_length, 0, ROWS(lengths));
	tcase_add_test(t, interim_then_trailers_only);
	tcase_add_loop_test(t, trailers_without_data, 0, 2);
	tcase_add_test(t, held_beyond_the_end);
	tcase_add_test(t, goaway_of_the_server);
	tcase_add_test(t, goaway_in_two_steps);
	tcase_add_test(t, waiting_requests_are_cancelled);
	tcase_add_test(t, silence_after_a_fault);
	tcase_add_test(t, protocol_error);
	tcase_add_test(t, no_memory_to_send);
	tcase_add_test(t, head_in_part);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
