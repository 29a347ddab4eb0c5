/*
 * Tests of h2_flood.c: whatever a peer does in vain is bounded, told as a
 * flood, and answered with GOAWAY ENHANCE_YOUR_CALM; what an honest one does is
 * not. Every case also holds that memory does not grow.
 */
#include "tests/unit/common/http/h2_raw.h"

#include <malloc.h>

#define CALM 11
#define MEMORY_MOST (512u << 10)

static const struct codec_limits limits = { 4096, 1024, 50 };
static const struct h2_limits own = { 10, 65535, 1 << 20, 20, 100 };
static size_t memory;

/* mallinfo2 counts what malloc has given, of libnghttp2, too. */
static size_t
memory_used(void)
{
	return mallinfo2().uordblks +
	    (size_t)buf_pool_state()->used * BUF_BLOCK_BYTES;
}

static void
setup(void)
{
	buf_pool_init(0);
	clock_set_birth(clock_raw_us() - 1000000);
	(void)clock_update();
	raw_init(CODEC_SERVER, &limits, &own);
	raw_feed();
	memory = memory_used();
}

static void
teardown(void)
{
	raw_fini();
	buf_pool_fini();
}

static void
check_flood(void)
{
	size_t used = memory_used();

	ck_assert_int_eq(h2_fault(raw.h2), H2_FLOOD);
	ck_assert_int_gt((int)strlen(h2_fault_text(raw.h2)), 5);
	ck_assert_uint_lt(used, memory + MEMORY_MOST);
	raw_pull();
	ck_assert_int_eq(raw.goaway, CALM);
	/* Nothing is read behind it. */
	raw.heads = 0;
	raw_headers(9999, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert_int_eq(raw.heads, 0);
}

static void
check_fine(void)
{
	ck_assert_msg(h2_fault(raw.h2) == H2_FINE, "%s", h2_fault_text(raw.h2));
}

/* ---- what costs a frame each ---- */

static void
put_in_vain(int kind)
{
	static const char zeros[32];

	switch (kind) {
	case 0:
		raw_frame(RAW_PING, 0, 0, zeros, 8);
		break;
	case 1:
		raw_frame(RAW_SETTINGS, 0, 0, NULL, 0);
		break;
	case 2:
		raw_frame(RAW_SETTINGS, 0, 0, "\0\4\0\0\0\1", 6);
		break;
	case 3:
		raw_frame(RAW_PRIORITY, 0, 1, zeros, 5);
		break;
	case 4:
		raw_frame(RAW_DATA, 0, 1, NULL, 0);
		break;
	case 5: /* nothing but padding */
		raw_frame(RAW_DATA, PADDED, 1, "\3\0\0\0", 4);
		break;
	case 6:
		raw_word(RAW_WINDOW_UPDATE, 1, 1);
		break;
	case 7:
		raw_word(RAW_WINDOW_UPDATE, 0, 1);
		break;
	case 8: /* PRIORITY_UPDATE (RFC 9218) */
		raw_frame((enum raw_type)16, 0, 0, "\0\0\0\1u=1", 7);
		break;
	case 9: /* of a type that nobody knows */
		raw_frame((enum raw_type)200, 0, 0, zeros, 20);
		break;
	case 10:
		raw_frame(RAW_GOAWAY, 0, 0, zeros, 8);
		break;
	case 11: /* answers to nothing */
		raw_frame(RAW_PING, ACK, 0, zeros, 8);
		break;
	case 12: /* of a stream that is gone */
		raw_word(RAW_RST_STREAM, 3, 8);
		break;
	case 13:
		raw_word(RAW_WINDOW_UPDATE, 3, 1);
		break;
	case 14: /* ALTSVC, of servers only */
		raw_frame((enum raw_type)10, 0, 0, zeros, 20);
		break;
	default:
		ck_abort();
	}
}
#define IN_VAIN 15

START_TEST(in_vain)
{
	raw_headers(1, 0, RAW_POST);
	raw_headers(3, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.at, 200, 0);
	h2_release(raw.at, H2_DONE);
	raw_pull();
	for (int i = 0; i < 90; i++)
		put_in_vain(_i);
	raw_feed();
	raw_pull();
	check_fine();
	for (int i = 0; i < 20; i++)
		put_in_vain(_i);
	raw_feed();
	check_flood();
}
END_TEST

/* It does not read what it asks for. */
START_TEST(in_vain_unread)
{
	raw_headers(1, 0, RAW_POST);
	raw_headers(3, 0, RAW_POST);
	for (int i = 0; i < 5000; i++)
		put_in_vain(_i);
	raw_feed();
	check_flood();
}
END_TEST

/* What was spent comes back with time. */
START_TEST(budget_grows)
{
	struct mono start = clock_now();

	for (int i = 0; i < 99; i++)
		put_in_vain(0);
	raw_feed();
	raw_pull();
	check_fine();
	/* A hundredth of 100 per second: the clock goes by the birth. */
	clock_set_birth(clock_raw_us() - start.us - 5500000);
	(void)clock_update();
	for (int i = 0; i < 5; i++)
		put_in_vain(0);
	raw_feed();
	raw_pull();
	check_fine();
	put_in_vain(0);
	put_in_vain(0);
	raw_feed();
	check_flood();
}
END_TEST

/* A reader of what we send may say so, often. */
START_TEST(window_updates_of_a_reader)
{
	raw_headers(1, END_STREAM, RAW_GET);
	raw_word(RAW_WINDOW_UPDATE, 0, 1u << 30);
	raw_word(RAW_WINDOW_UPDATE, 1, 1u << 30);
	raw_feed();
	raw_answer(raw.at, 200, 100 * 16384);
	raw_pull();
	for (int i = 0; i < 200; i++) {
		raw_word(RAW_WINDOW_UPDATE, 0, 8192);
		raw_word(RAW_WINDOW_UPDATE, 1, 8192);
	}
	raw_feed();
	check_fine();
	h2_release(raw.at, H2_DONE);
}
END_TEST

/*
 * It gives back each small message by itself, after many of them came in one
 * frame; what it gives back beyond them is in vain.
 */
START_TEST(window_updates_of_messages)
{
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.at, 200, 1000 * 8);
	raw_pull();
	for (int i = 0; i < 1000; i++) {
		raw_word(RAW_WINDOW_UPDATE, 0, 8);
		raw_word(RAW_WINDOW_UPDATE, 1, 8);
	}
	raw_feed();
	check_fine();
	for (int i = 0; i < 1000; i++) {
		raw_word(RAW_WINDOW_UPDATE, 0, 1);
		raw_word(RAW_WINDOW_UPDATE, 1, 1);
		raw_word(RAW_WINDOW_UPDATE, 0, 1);
	}
	raw_feed();
	check_flood();
}
END_TEST

/* Bytes that have to be asked for one by one are no reason for asking. */
START_TEST(window_of_a_byte)
{
	raw_frame(RAW_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6);
	raw_headers(1, END_STREAM, RAW_GET);
	raw_feed();
	raw_answer(raw.at, 200, 1000);
	for (int i = 0; i < 200; i++) {
		raw_word(RAW_WINDOW_UPDATE, 1, 1);
		raw_feed();
		raw_pull();
	}
	check_flood();
}
END_TEST

/* ---- resets ---- */

/* CVE-2023-44487 */
START_TEST(rapid_reset)
{
	for (uint32_t id = 1; id < 4000 && h2_fault(raw.h2) == H2_FINE;
	     id += 2) {
		raw_headers(id, END_STREAM, RAW_GET);
		raw_word(RAW_RST_STREAM, id, 8);
		raw_feed();
		ck_assert_int_le(raw.count, 25);
		if (h2_fault(raw.h2) == H2_FINE) {
			ck_assert_int_eq(raw.error, CODEC_RESET);
			h2_release(raw.at, H2_CANCEL);
		}
	}
	ck_assert_int_eq(raw.count, 21);
	check_flood();
}
END_TEST

/* Streams whose answers are whole may be reset: they are over. */
START_TEST(reset_after_the_answer)
{
	for (uint32_t id = 1; id < 100; id += 2) {
		raw_headers(id, 0, RAW_POST);
		raw_feed();
		raw_answer(raw.at, 200, 3);
		raw_pull();
		raw_word(RAW_RST_STREAM, id, 0);
		raw_feed();
		h2_release(raw.at, H2_DONE);
		raw_pull();
	}
	check_fine();
	ck_assert_int_eq(raw.errors, 50); /* the requests were not whole */
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

/* CVE-2025-8671: requests that we have to refuse; each counts once. */
START_TEST(made_us_answer)
{
	for (uint32_t id = 1; id < 4000 && h2_fault(raw.h2) == H2_FINE;
	     id += 2) {
		raw_headers(id, END_STREAM, RAW_PAIRS("X", "y"));
		raw_feed();
		ck_assert_int_eq(raw.error, CODEC_BAD_FIELD);
		if (h2_fault(raw.h2) != H2_FINE)
			break;
		raw_answer(raw.at, 400, 2);
		h2_release(raw.at, H2_BROKEN);
		raw_pull();
	}
	ck_assert_int_eq(raw.count, 21);
	check_flood();
}
END_TEST

/* The library has to end them: a window that overflows. */
START_TEST(made_us_reset)
{
	for (uint32_t id = 1; id < 4000 && h2_fault(raw.h2) == H2_FINE;
	     id += 2) {
		raw_headers(id, 0, RAW_POST);
		raw_word(RAW_WINDOW_UPDATE, id, 0x7fffffff);
		raw_feed();
		raw_pull();
		if (h2_fault(raw.h2) == H2_FINE) {
			ck_assert_int_eq(raw.error, CODEC_RESET);
			h2_release(raw.at, H2_CANCEL);
		}
	}
	ck_assert_int_le(raw.count, 21);
	check_flood();
}
END_TEST

/* More than the stream's window: those are refused one by one. */
START_TEST(beyond_the_window)
{
	static const char bytes[16384];

	for (uint32_t id = 1; id < 4000 && h2_fault(raw.h2) == H2_FINE;
	     id += 2) {
		raw.pause = true;
		raw_headers(id, 0, RAW_POST);
		for (int i = 0; i < 5; i++)
			raw_frame(RAW_DATA, 0, id, bytes, sizeof(bytes));
		raw_feed();
		raw_pull();
		if (h2_fault(raw.h2) == H2_FINE)
			h2_release(raw.at, H2_CANCEL);
		raw_pull();
	}
	check_flood();
}
END_TEST

/* More streams than we allow, by one that does not acknowledge that. */
START_TEST(too_many_streams)
{
	for (uint32_t id = 1; id < 20000; id += 2)
		raw_headers(id, END_STREAM, RAW_GET);
	raw_feed();
	ck_assert_int_eq(raw.count, 10);
	check_flood();
}
END_TEST

/* Trailers, again and again. */
START_TEST(many_trailers)
{
	raw_headers(1, 0, RAW_POST);
	for (int i = 0; i < 4000; i++)
		raw_headers(1, 0, RAW_PAIRS("x", "y"));
	raw_feed();
	ck_assert_int_eq(raw.errors, 1);
	check_fine();
	raw_answer(raw.at, 400, 0);
	h2_release(raw.at, H2_BROKEN);
}
END_TEST

/* ---- header blocks ---- */

START_TEST(continuations)
{
	raw_frame(RAW_HEADERS, END_STREAM, 1, NULL, 0);
	for (int i = 0; i < 100000; i++)
		raw_frame(RAW_CONTINUATION, 0, 1, NULL, 0);
	raw_feed();
	check_flood();
}
END_TEST

/* Honest ones are small, and end. */
START_TEST(some_continuations)
{
	uint8_t block[200];
	size_t n = 0;

	for (const char *const *p = RAW_GET; *p != NULL; p += 2)
		n += raw_literal(block + n, slice_str(p[0]), slice_str(p[1]));
	raw_frame(RAW_HEADERS, END_STREAM, 1, block, 5);
	raw_feed();
	ck_assert(h2_in_head(raw.h2));
	raw_frame(RAW_CONTINUATION, 0, 1, block + 5, 1);
	raw_frame(RAW_CONTINUATION, 0, 1, block + 6, 20);
	raw_feed();
	ck_assert(h2_in_head(raw.h2));
	raw_frame(RAW_CONTINUATION, END_HEADERS, 1, block + 26, n - 26);
	raw_feed();
	ck_assert(!h2_in_head(raw.h2));
	check_fine();
	ck_assert_int_eq(raw.heads, 1);
	h2_release(raw.at, H2_CANCEL);
}
END_TEST

/* Bytes and bytes that are decoded to nothing: updates of the table's size. */
START_TEST(block_without_fields)
{
	static char updates[16384];

	memset(updates, 0x20, sizeof(updates));
	raw_frame(RAW_HEADERS, END_STREAM, 1, updates, sizeof(updates));
	for (int i = 0; i < 3; i++)
		raw_frame(RAW_CONTINUATION, 0, 1, updates, sizeof(updates));
	raw_feed();
	ck_assert_int_ne(h2_fault(raw.h2), H2_FINE);
}
END_TEST

/* A few bytes of a table that become 4000 each. */
START_TEST(hpack_bomb)
{
	static uint8_t block[16384];
	static char value[4000];
	size_t n = 0;

	memset(value, 'v', sizeof(value));
	n = raw_literal(block, SLICE_LIT("x"), slice_make(value, 4000));
	block[0] = 0x40; /* to be kept */
	memset(block + n, 0x80 | 62, 12000);
	raw_frame(RAW_HEADERS, END_STREAM | END_HEADERS, 1, block, n + 12000);
	raw_feed();
	check_flood();
}
END_TEST

/* More than a head may have, and not more than that is by mistake: 431. */
START_TEST(large_block)
{
	static uint8_t block[16384];
	static char value[4000];
	size_t n;

	memset(value, 'v', sizeof(value));
	n = raw_literal(block, SLICE_LIT("x"), slice_make(value, 4000));
	n += raw_literal(block + n, SLICE_LIT("y"), slice_make(value, 4000));
	raw_frame(RAW_HEADERS, END_STREAM | END_HEADERS, 1, block, n);
	raw_headers(3, END_STREAM, RAW_GET);
	raw_feed();
	check_fine();
	ck_assert_int_eq(raw.error, CODEC_HEAD_TOO_LARGE);
	ck_assert_int_eq(raw.heads, 1);
	for (int i = 0; i < 2; i++)
		h2_release(raw.streams[i], H2_CANCEL);
}
END_TEST

/* Heads that begin and do not end: on how many connections, is not ours. */
START_TEST(unfinished_heads)
{
	struct h2 *all[100];
	struct obuf out;
	static const char bytes[] =
	    H2_PREFACE "\0\0\0\4\0\0\0\0\0" /* SETTINGS */
		       "\0\0\5\1\0\0\0\0\1\0\1x";
	static const struct codec_events events;
	size_t before;

	obuf_init(&out, NULL);
	before = memory_used();
	for (int i = 0; i < 100; i++) {
		all[i] =
		    h2_new(CODEC_SERVER, &events, &limits, &own, &out, NULL);
		ck_assert_uint_eq(
		    codec_input(h2_codec(all[i]), bytes, sizeof(bytes) - 1),
		    sizeof(bytes) - 1);
		ck_assert(h2_in_head(all[i]));
	}
	for (int i = 0; i < 100; i++)
		h2_free(all[i]);
	/* What such a head had is not kept for the next hundred. */
	ck_assert_uint_lt(memory_used(), before + 250000);
	obuf_fini(&out);
}
END_TEST

/* ---- streams that nobody reads ---- */

START_TEST(windows_of_nothing)
{
	raw_frame(RAW_SETTINGS, 0, 0, "\0\4\0\0\0\0", 6);
	for (uint32_t id = 1; id < 21; id += 2)
		raw_headers(id, END_STREAM, RAW_GET);
	raw_feed();
	for (int i = 0; i < 10; i++)
		raw_answer(raw.streams[i], 200, 10000);
	raw_pull();
	for (int i = 0; i < 10; i++)
		ck_assert_uint_eq(stream_queued(raw.streams[i]), 10000);
	ck_assert_uint_lt(memory_used(), memory + MEMORY_MOST);
	/* It opens one, by a byte, and then all. */
	raw_word(RAW_WINDOW_UPDATE, 3, 1);
	raw_feed();
	raw_pull();
	ck_assert_uint_eq(stream_queued(raw.streams[1]), 9999);
	raw_frame(RAW_SETTINGS, 0, 0, "\0\4\0\1\0\0", 6);
	raw_feed();
	raw_pull();
	check_fine();
	ck_assert_uint_eq(stream_queued(raw.streams[0]), 0);
	for (int i = 0; i < 10; i++)
		h2_release(raw.streams[i], H2_CANCEL);
	raw_pull();
	ck_assert_uint_eq(h2_streams(raw.h2), 0);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("h2_flood");
	TCase *tc = tcase_create("h2_flood");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_loop_test(tc, in_vain, 0, IN_VAIN);
	tcase_add_loop_test(tc, in_vain_unread, 0, IN_VAIN);
	tcase_add_test(tc, budget_grows);
	tcase_add_test(tc, window_updates_of_a_reader);
	tcase_add_test(tc, window_updates_of_messages);
	tcase_add_test(tc, window_of_a_byte);
	tcase_add_test(tc, rapid_reset);
	tcase_add_test(tc, reset_after_the_answer);
	tcase_add_test(tc, made_us_answer);
	tcase_add_test(tc, made_us_reset);
	tcase_add_test(tc, beyond_the_window);
	tcase_add_test(tc, too_many_streams);
	tcase_add_test(tc, many_trailers);
	tcase_add_test(tc, continuations);
	tcase_add_test(tc, some_continuations);
	tcase_add_test(tc, block_without_fields);
	tcase_add_test(tc, hpack_bomb);
	tcase_add_test(tc, large_block);
	tcase_add_test(tc, unfinished_heads);
	tcase_add_test(tc, windows_of_nothing);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
