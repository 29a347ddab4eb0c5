/*
 * h2_busy_test.c - each kind of flood ends in ENHANCE_YOUR_CALM when it is one,
 * and busy peers that behave never do.
 */
#include "tests/unit/common/http/h2_peer.h"

#define GOOD_RESETS 50   /* of raw_h2_limits */
#define GOOD_FRAMES 1000 /* likewise */
#define SECOND UINT64_C(1000000)

static struct raw raw;

static void
setup(void)
{
	buf_pool_init(0);
	(void)clock_update();
	raw_begin(&raw, CODEC_SERVER, &raw_h2_limits);
}

static void
teardown(void)
{
	raw_end(&raw);
	buf_pool_fini();
}

/* ---- owners ---- */

static void
let_go_lost(struct raw *r, struct stream *s, enum codec_error e)
{
	(void)r;
	if (e != CODEC_RESET && e != CODEC_REFUSED)
		raw_answer(s, 400, BODY_NONE, 0, true);
	h2_release(s, e == CODEC_RESET ? H2_CANCEL : H2_BROKEN);
}

static void
answer_at_end(struct raw *r, struct stream *s)
{
	(void)r;
	raw_answer(s, 204, BODY_NONE, 0, true);
	h2_release(s, H2_DONE);
}

static void
answer_at_head(struct raw *r, struct stream *s, const struct head *h)
{
	(void)h;
	raw_answer(s, 413, BODY_NONE, 0, true);
	h2_release(s, H2_DONE);
	(void)r;
}

/* ---- floods: each does one thing once more ---- */

static uint32_t
stream_id(unsigned i)
{
	return 2 * i + 1;
}

static void
rapid_reset(unsigned i)
{
	raw_get(&raw, stream_id(i));
	raw_number(&raw, RAW_RST_STREAM, stream_id(i), CODE_CANCEL);
}

static void
rapid_reset_without_turn(unsigned i)
{
	for (unsigned k = 0; k < 10; k++)
		rapid_reset(10 * i + k);
}

/* CVE-2025-8671: the server is made to reset. */
static void
window_overflow(unsigned i)
{
	raw_get(&raw, stream_id(i));
	raw_number(&raw, RAW_WINDOW_UPDATE, stream_id(i), 0x7fffffff);
}

static void
malformed(unsigned i)
{
	raw_headers(&raw, stream_id(i), END_HEADERS | END_STREAM,
	    RAW_GET "connection close\n");
}

static void
bad_trailers(unsigned i)
{
	raw_post(&raw, stream_id(i));
	raw_headers(
	    &raw, stream_id(i), END_HEADERS | END_STREAM, "X-A upper\n");
}

static void
more_than_announced(unsigned i)
{
	raw_headers(
	    &raw, stream_id(i), END_HEADERS, RAW_POST "content-length 1\n");
	raw_data(&raw, stream_id(i), 2, false);
}

static void
ping(unsigned i)
{
	(void)i;
	raw_frame(&raw, RAW_PING, 0, 0, "12345678", 8);
}

static void
ping_answer(unsigned i)
{
	(void)i;
	raw_frame(&raw, RAW_PING, ACK, 0, "12345678", 8);
}

static void
settings(unsigned i)
{
	(void)i;
	raw_frame(&raw, RAW_SETTINGS, 0, 0, NULL, 0);
}

static void
priority(unsigned i)
{
	raw_frame(&raw, RAW_PRIORITY, 0, stream_id(i % 50), "\0\0\0\0\5", 5);
}

static void
priority_update(unsigned i)
{
	(void)i;
	raw_frame(&raw, 0x10, 0, 0, "\0\0\0\1u=1", 7);
}

static void
unknown(unsigned i)
{
	raw_frame(&raw, 0x20 + i % 16, 0, 0, "x", 1);
}

static void
empty_data(unsigned i)
{
	if (i == 0)
		raw_post(&raw, 1);
	raw_data(&raw, 1, 0, false);
}

static void
padding_alone(unsigned i)
{
	if (i == 0)
		raw_post(&raw, 1);
	raw_frame(&raw, RAW_DATA, PADDED, 1, "\3\0\0\0", 4);
}

static void
updates_of_nothing(unsigned i)
{
	(void)i;
	raw_number(&raw, RAW_WINDOW_UPDATE, 0, 1);
}

static void
resets_of_gone_streams(unsigned i)
{
	if (i == 0) {
		raw_get(&raw, 1);
		raw_turn(&raw);
	}
	raw_number(&raw, RAW_RST_STREAM, 1, CODE_CANCEL);
}

static void
headers_of_gone_streams(unsigned i)
{
	if (i == 0) {
		raw_get(&raw, 1);
		raw_turn(&raw);
	}
	raw_headers(&raw, 1, END_HEADERS | END_STREAM, "x-a b\n");
}

/* A window of one byte after the other makes as many frames of one byte. */
static void
one_byte_windows(unsigned i)
{
	static const char body[20000];

	if (i == 0) {
		raw_setting(&raw, 4, 0);
		raw_get(&raw, 1);
		raw_answer(raw.owner.last, 200, BODY_STREAM, 0, false);
		stream_data(raw.owner.last, slice_make(body, sizeof(body)));
	}
	raw_number(&raw, RAW_WINDOW_UPDATE, 1, 1);
}

static const struct flood {
	const char *name;
	void (*once)(unsigned i);
	unsigned most; /* so often at most, and half of it at least */
	bool waits;    /* requests are not answered */
} floods[] = {
	{ "rapid reset", rapid_reset, GOOD_RESETS, true },
	{ "rapid reset, 10 a turn", rapid_reset_without_turn,
	    GOOD_RESETS / 10 + 1, true },
	{ "window overflow", window_overflow, GOOD_RESETS, true },
	{ "malformed", malformed, GOOD_RESETS, false },
	{ "bad trailers", bad_trailers, GOOD_RESETS, false },
	{ "more than announced", more_than_announced, GOOD_RESETS, false },
	{ "ping", ping, GOOD_FRAMES, false },
	{ "ping answer", ping_answer, GOOD_FRAMES, false },
	{ "settings", settings, GOOD_FRAMES, false },
	{ "priority", priority, GOOD_FRAMES, false },
	{ "priority update", priority_update, GOOD_FRAMES, false },
	{ "unknown", unknown, GOOD_FRAMES, false },
	{ "empty data", empty_data, GOOD_FRAMES, false },
	{ "padding alone", padding_alone, GOOD_FRAMES, false },
	{ "updates of nothing", updates_of_nothing, GOOD_FRAMES, false },
	{ "resets of gone streams", resets_of_gone_streams, GOOD_FRAMES,
	    false },
	{ "headers of gone streams", headers_of_gone_streams, GOOD_FRAMES,
	    false },
	{ "one byte windows", one_byte_windows, GOOD_FRAMES, true },
};

START_TEST(flood)
{
	const struct flood *f = &floods[_i];
	unsigned i = 0;

	raw.owner.on_error = let_go_lost;
	raw.owner.on_end = f->waits ? NULL : answer_at_end;
	while (h2_fault(raw.h2) == H2_FINE && i < 2 * GOOD_FRAMES) {
		f->once(i++);
		raw_turn(&raw);
	}
	ck_assert_msg(h2_fault(raw.h2) == H2_FLOOD, "%s: %s", f->name,
	    h2_fault_text(raw.h2));
	ck_assert_msg(
	    i > f->most / 2 && i <= f->most + 40, "%s: %u", f->name, i);
	ck_assert_int_eq(raw.seen.goaway, CODE_ENHANCE_YOUR_CALM);
	ck_assert_uint_eq(raw.seen.frames[RAW_GOAWAY], 1);
}
END_TEST

/* ---- header blocks ---- */

/* A field that is kept in the table, and then named by one byte. */
START_TEST(hpack_bomb)
{
	uint8_t block[16384] = { 0x40, 1, 'x', 127, 0xf5, 0x1e };
	size_t n;

	/* 127 + 0x75 + 0x1e * 128 = 4084 bytes would not fit beside a name. */
	block[4] = 0x91, block[5] = 0x1e; /* 127 + 0x11 + 3840 = 3984 */
	n = 6 + 3984;
	memset(block + 6, 'v', 3984);
	memset(block + n, 0x80 | 62, 100);
	n += 100;
	raw_frame(&raw, RAW_HEADERS, END_HEADERS | END_STREAM, 1, block, n);
	raw_turn(&raw);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FLOOD);
	ck_assert_int_eq(raw.seen.goaway, CODE_ENHANCE_YOUR_CALM);
	ck_assert_uint_eq(raw.owner.heads + raw.owner.errors, 0);
}
END_TEST

/* Larger than is allowed, but no bomb: the request gets its answer. */
START_TEST(large_head)
{
	uint8_t block[16384];
	size_t n = raw_block(block, RAW_GET);

	raw.owner.on_error = let_go_lost;
	for (int i = 0; i < 150; i++)
		n += raw_block(block + n,
		    "x-a 012345678901234567890123456789012345678901234567890"
		    "12345678901234567890123456789012345\n");
	raw_frame(&raw, RAW_HEADERS, END_HEADERS | END_STREAM, 1, block, n);
	raw_turn(&raw);
	ck_assert_int_eq(raw.owner.error, CODEC_TOO_MANY_FIELDS);
	ck_assert_uint_eq(raw.seen.headers_ended, 1);
	raw_get(&raw, 3);
	ck_assert_uint_eq(raw.owner.heads, 1);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
}
END_TEST

/* ---- no flood ---- */

/* Resets of answers that were complete, or that come once in a while. */
START_TEST(resets_at_leisure)
{
	raw.owner.on_error = let_go_lost;
	for (unsigned i = 0; i < 40; i++)
		rapid_reset(i), raw_turn(&raw);
	raw.owner.on_head = answer_at_head;
	for (unsigned i = 40; i < 1000; i++) {
		raw_post(&raw, stream_id(i));
		raw_turn(&raw);
		raw_number(&raw, RAW_RST_STREAM, stream_id(i), CODE_NO_ERROR);
		raw_data(&raw, stream_id(i), 4000, false);
		raw_headers(
		    &raw, stream_id(i), END_HEADERS | END_STREAM, "x-a b\n");
	}
	raw_turn(&raw);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* Streams as of browsers: each opens its window and says how urgent it is. */
START_TEST(many_streams)
{
	raw.owner.on_end = answer_at_end;
	for (unsigned i = 0; i < 10000; i++) {
		raw_get(&raw, stream_id(i));
		raw_number(
		    &raw, RAW_WINDOW_UPDATE, stream_id(i), 12 * 1024 * 1024);
		raw_frame(&raw, RAW_PRIORITY, 0, stream_id(i), "\0\0\0\0\5", 5);
		if (i % 16 == 0)
			raw_turn(&raw);
	}
	raw_turn(&raw);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
	ck_assert_uint_eq(raw.seen.headers_ended, 10000);
}
END_TEST

static unsigned pings;

/* A reader that gives back each KiB, of stream and connection, and pings. */
static void
read_eagerly(struct raw *r, unsigned type, uint32_t id, size_t n)
{
	if (type != RAW_DATA || n == 0)
		return;
	for (size_t left = n; left != 0;) {
		size_t some = left < 1024 ? left : 1024;

		raw_number(r, RAW_WINDOW_UPDATE, id, (uint32_t)some);
		raw_number(r, RAW_WINDOW_UPDATE, 0, (uint32_t)some);
		left -= some;
	}
	/* One at a time, as gRPC measures its way. */
	if (r->seen.frames[RAW_PING] == pings) {
		raw_frame(r, RAW_PING, 0, 0, "12345678", 8);
		pings++;
	}
}

static void
send_more(struct raw *r, struct stream *s)
{
	static const char block[16000];

	if (r->seen.data < 100u << 20)
		stream_data(s, slice_make(block, sizeof(block)));
}

START_TEST(eager_reader)
{
	raw.on_frame = read_eagerly;
	raw.owner.on_room = send_more;
	raw_get(&raw, 1);
	raw_answer(raw.owner.last, 200, BODY_STREAM, 0, false);
	send_more(&raw, raw.owner.last);
	raw_turn(&raw);
	ck_assert_str_eq(h2_fault_text(raw.h2), "");
	ck_assert_uint_ge(raw.seen.data, 100u << 20);
}
END_TEST

/* Messages of a few bytes, as of gRPC, each with its updates and a PING. */
static void
send_little(struct raw *r, struct stream *s)
{
	if (r->seen.frames[RAW_DATA] < 20000)
		stream_data(s, SLICE_LIT("message"));
}

START_TEST(eager_reader_of_little)
{
	raw.on_frame = read_eagerly;
	raw.owner.on_room = send_little;
	raw_get(&raw, 1);
	raw_answer(raw.owner.last, 200, BODY_STREAM, 0, false);
	send_little(&raw, raw.owner.last);
	raw_turn(&raw);
	ck_assert_str_eq(h2_fault_text(raw.h2), "");
	ck_assert_uint_ge(raw.seen.frames[RAW_DATA], 20000);
}
END_TEST

/* An upload in small frames, as fast as the windows allow. */
START_TEST(small_frames)
{
	uint64_t sent = 0;

	raw_post(&raw, 1);
	while (sent < 20u << 20) {
		while (sent < raw.seen.stream_window + 65535 - 1000 &&
		    sent < raw.seen.connection_window + (1 << 20) - 1000) {
			raw_data(&raw, 1, 1000, false);
			sent += 1000;
		}
		raw_turn(&raw);
	}
	ck_assert_uint_eq(raw.owner.bytes, sent);
	ck_assert_int_eq(h2_fault(raw.h2), H2_FINE);
}
END_TEST

/* A hundredth per second comes again, and never more than the most. */
START_TEST(budget)
{
	struct raw r;
	unsigned n = 0;

	clock_set_birth(clock_raw_us() - SECOND);
	(void)clock_update();
	raw_begin(&r, CODEC_SERVER, &raw_h2_limits);
	for (; n < 900; n++)
		raw_frame(&r, RAW_PING, 0, 0, "12345678", 8), raw_turn(&r);
	ck_assert_int_eq(h2_fault(r.h2), H2_FINE);
	clock_set_birth(clock_raw_us() - 150 * SECOND);
	(void)clock_update();
	for (n = 0; h2_fault(r.h2) == H2_FINE; n++)
		raw_frame(&r, RAW_PING, 0, 0, "12345678", 8), raw_turn(&r);
	ck_assert_uint_ge(n, 1000);
	ck_assert_uint_le(n, 1010);
	raw_end(&r);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("h2_busy");
	TCase *t = tcase_create("h2_busy");
	SRunner *r;
	int failed;

	tcase_set_timeout(t, 60);
	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_loop_test(
	    t, flood, 0, (int)(sizeof(floods) / sizeof(floods[0])));
	tcase_add_test(t, hpack_bomb);
	tcase_add_test(t, large_head);
	tcase_add_test(t, resets_at_leisure);
	tcase_add_test(t, many_streams);
	tcase_add_test(t, eager_reader);
	tcase_add_test(t, eager_reader_of_little);
	tcase_add_test(t, small_frames);
	tcase_add_test(t, budget);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
