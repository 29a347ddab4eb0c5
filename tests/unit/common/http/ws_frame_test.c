/* Tests of ws_frame.c: boundaries, however the bytes are cut. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/ws_frame.h"

#define STREAM_MAX 400000

static char stream[STREAM_MAX];
static size_t stream_n, ends[16], end_count;

/* One frame, with a payload that looks like heads. */
static void
put_frame(uint8_t first, bool masked, uint64_t length, unsigned length_bytes)
{
	char *at = stream + stream_n;

	*at++ = (char)first;
	*at++ = (char)((masked ? 0x80 : 0) |
	    (length_bytes == 8          ? 127
		    : length_bytes == 2 ? 126
					: (int)length));
	for (unsigned i = length_bytes; i != 0; i--)
		*at++ = (char)(length >> 8 * (i - 1));
	memset(at, 0x88, length + (masked ? 4 : 0));
	at += length + (masked ? 4 : 0);
	stream_n = (size_t)(at - stream);
	ends[end_count++] = stream_n;
}

static void
put_frames(void)
{
	stream_n = end_count = 0;
	put_frame(0x81, false, 0, 0);
	put_frame(0x01, true, 0, 0);
	put_frame(0xc2, true, 125, 0); /* RSV1, as compression has it */
	put_frame(0x80, false, 126, 2);
	put_frame(0x89, true, 3, 2); /* not the shortest form */
	put_frame(0x02, false, 65535, 2);
	put_frame(0x82, true, 65536, 8);
	put_frame(0x8a, false, 1, 0);
}

/* The boundaries that are found when the bytes come in pieces of this size. */
static void
check_pieces(size_t first, size_t size)
{
	struct ws_frame f = { 0 };
	size_t at = 0, found = 0, end = first;

	while (at < stream_n) {
		if (at == end)
			end += size;
		if (end > stream_n)
			end = stream_n;
		at += ws_frame_read(&f, stream + at, end - at);
		ck_assert_uint_le(at, end);
		if (f.at == WS_BETWEEN)
			ck_assert_uint_eq(at, ends[found++]);
	}
	ck_assert_uint_eq(found, end_count);
	ck_assert(!f.closed);
}

START_TEST(boundaries)
{
	put_frames();
	check_pieces(stream_n, 1);
	check_pieces(1, 1);
	for (size_t i = 0; i < 700; i++)
		check_pieces(i, stream_n);
	for (size_t i = 1; i < 300; i++)
		check_pieces(stream_n - i, stream_n);
}
END_TEST

START_TEST(skipped)
{
	struct ws_frame f = { 0 };

	put_frames();
	ws_frame_skip(&f, stream, stream_n - 1);
	ck_assert_uint_eq(f.at, WS_REST);
	ck_assert_uint_eq(f.left, 1);
	ws_frame_skip(&f, stream + stream_n - 1, 1);
	ck_assert_uint_eq(f.at, WS_BETWEEN);
}
END_TEST

/* The most that a length may be, and one more (RFC 6455 5.2). */
START_TEST(lengths)
{
	static const char most[] = "\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff";
	static const char more[] = "\x82\xff\x80\0\0\0\0\0\0\0\0\0\0\0";
	struct ws_frame f = { 0 };

	ck_assert_uint_eq(ws_frame_read(&f, most, 10), 10);
	ck_assert_uint_eq(f.at, WS_REST);
	ck_assert_uint_eq(f.left, INT64_MAX);
	f = (struct ws_frame){ 0 };
	ck_assert_uint_eq(ws_frame_read(&f, more, 14), 14);
	ck_assert_uint_eq(f.at, WS_LOST);
	ws_frame_skip(&f, most, 10);
	ck_assert_uint_eq(f.at, WS_LOST);
}
END_TEST

START_TEST(closes)
{
	static const uint8_t mask[4] = { 0x11, 0x22, 0x33, 0x44 };
	struct ws_frame f = { 0 };
	char to[WS_CLOSE_BYTES];

	ck_assert_uint_eq(ws_frame_close(to, WS_GOING_AWAY, NULL), 4);
	ck_assert_mem_eq(to, "\x88\x02\x03\xe9", 4);
	ws_frame_skip(&f, to, 3);
	ck_assert(!f.closed);
	ws_frame_skip(&f, to + 3, 1);
	ck_assert(f.closed);
	ck_assert_uint_eq(ws_frame_close(to, WS_GOING_AWAY, mask), 8);
	ck_assert_mem_eq(to, "\x88\x82\x11\x22\x33\x44\x12\xcb", 8);
	f = (struct ws_frame){ 0 };
	ck_assert_uint_eq(ws_frame_read(&f, to, 8), 8);
	ck_assert(f.closed && f.at == WS_BETWEEN);
	/* An empty one, too. */
	f = (struct ws_frame){ 0 };
	ws_frame_skip(&f, "\x88\x80mask", 6);
	ck_assert(f.closed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ws_frame");
	TCase *tc = tcase_create("ws_frame");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, boundaries);
	tcase_add_test(tc, skipped);
	tcase_add_test(tc, lengths);
	tcase_add_test(tc, closes);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
