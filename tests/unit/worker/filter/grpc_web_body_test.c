/* Tests of grpc_web_body.c: bodies both ways, cut at every place. */
#include <check.h>
#include <stdlib.h>

#include "worker/filter/grpc_web_body.h"
#include "worker/flow/req.h"

/* The end of a chain, which keeps what comes. */
struct kept {
	struct sink sink;
	char bytes[65536];
	size_t n;
	unsigned ends, pieces;
	uint32_t trailers;
	enum why why; /* what it says to the next piece */
};

static struct kept kept;
static struct req req;
static char memory[8192];

static enum why
kept_data(struct sink *s, struct slice bytes)
{
	(void)s;
	ck_assert_uint_le(bytes.n, sizeof(kept.bytes) - kept.n);
	memcpy(kept.bytes + kept.n, bytes.p, bytes.n);
	kept.n += bytes.n;
	kept.pieces++;
	return kept.why;
}

static enum why
kept_end(struct sink *s, const struct head *trailers)
{
	(void)s;
	kept.ends++;
	kept.trailers = trailers != NULL ? trailers->count : 0;
	return WHY_OK;
}

static void
keep(struct sink *of)
{
	static const struct sink_ops ops = { kept_data, kept_end };

	memset(&kept, 0, sizeof(kept));
	sink_init(&kept.sink, &ops, &req);
	of->next = &kept.sink;
	arena_init(&req.arena, memory, sizeof(memory), 1u << 20);
}

static struct slice
kept_slice(void)
{
	return slice_make(kept.bytes, kept.n);
}

/* Two pieces; the first error. */
static enum why
feed(struct sink *s, struct slice bytes, size_t cut)
{
	enum why why = sink_data(s, slice_make(bytes.p, cut));

	return why != WHY_OK ? why : sink_data(s, slice_skip(bytes, cut));
}

/* ---- requests ---- */

START_TEST(request)
{
	static const char text[] = "AAAAAAVoZWxsbw=="
				   "AA==AAAAAA==";
	struct field f = { SLICE_LIT("a"), SLICE_LIT("b"), 0 };
	struct head trailers = { .count = 1, .fields = &f };

	for (size_t cut = 0; cut < sizeof(text); cut++) {
		struct grpc_web_up u;

		grpc_web_up_init(&u, &req);
		keep(&u.sink);
		ck_assert_int_eq(feed(&u.sink, SLICE_LIT(text), cut), WHY_OK);
		ck_assert_int_eq(sink_end(&u.sink, &trailers), WHY_OK);
		ck_assert(slice_eq(
		    kept_slice(), SLICE_LIT("\0\0\0\0\5hello\0\0\0\0\0")));
		ck_assert_uint_eq(kept.ends, 1);
		ck_assert_uint_eq(kept.trailers, 1);
	}
}
END_TEST

START_TEST(large_request)
{
	static char text[40000];
	struct grpc_web_up u;

	memset(text, 'A', sizeof(text));
	grpc_web_up_init(&u, &req);
	keep(&u.sink);
	ck_assert_int_eq(
	    sink_data(&u.sink, slice_make(text, sizeof(text))), WHY_OK);
	ck_assert_uint_eq(kept.n, 30000);
}
END_TEST

/* Said once; nothing goes on after it, and no end. */
START_TEST(bad_request)
{
	struct grpc_web_up u;

	grpc_web_up_init(&u, &req);
	keep(&u.sink);
	ck_assert_int_eq(
	    sink_data(&u.sink, SLICE_LIT("AAAA!AAA")), WHY_BAD_GRPC_WEB);
	ck_assert_int_eq(
	    sink_data(&u.sink, SLICE_LIT("AAAA")), WHY_BAD_GRPC_WEB);
	ck_assert_int_eq(sink_end(&u.sink, NULL), WHY_BAD_GRPC_WEB);
	ck_assert_uint_eq(kept.ends, 0);
	ck_assert_uint_eq(kept.n, 0);
}
END_TEST

START_TEST(cut_request)
{
	struct grpc_web_up u;

	grpc_web_up_init(&u, &req);
	keep(&u.sink);
	ck_assert_int_eq(sink_data(&u.sink, SLICE_LIT("AAA")), WHY_OK);
	ck_assert_int_eq(sink_end(&u.sink, NULL), WHY_BAD_GRPC_WEB);
	ck_assert_uint_eq(kept.ends, 0);
}
END_TEST

/* Whoever takes the bytes has no use for more. */
START_TEST(refused_request)
{
	static char text[40000];
	struct grpc_web_up u;

	memset(text, 'A', sizeof(text));
	grpc_web_up_init(&u, &req);
	keep(&u.sink);
	kept.why = WHY_OVERLOADED;
	ck_assert_int_eq(
	    sink_data(&u.sink, slice_make(text, sizeof(text))), WHY_OVERLOADED);
	ck_assert_uint_eq(kept.pieces, 1);
}
END_TEST

/* ---- answers ---- */

static struct field end_fields[] = {
	{ SLICE_LIT("grpc-status"), SLICE_LIT("0"), 0 },
	{ SLICE_LIT("Grpc-Message"), SLICE_LIT(""), 0 },
};
static const struct head end_trailers = { .count = 2, .fields = end_fields };

#define END_TEXT "grpc-status: 0\r\ngrpc-message: \r\n"
#define END_FRAME "\x80\0\0\0\x20" END_TEXT
#define MESSAGES "\0\0\0\0\5hello\0\0\0\0\0\1\0\0\0\1x"

START_TEST(answer)
{
	for (size_t cut = 0; cut < sizeof(MESSAGES); cut++) {
		struct grpc_web_down d;

		grpc_web_down_init(&d, &req, false);
		keep(&d.sink);
		ck_assert_int_eq(
		    feed(&d.sink, SLICE_LIT(MESSAGES), cut), WHY_OK);
		ck_assert_int_eq(sink_end(&d.sink, &end_trailers), WHY_OK);
		ck_assert(
		    slice_eq(kept_slice(), SLICE_LIT(MESSAGES END_FRAME)));
		ck_assert_uint_eq(kept.ends, 1);
		ck_assert_uint_eq(kept.trailers, 0);
		arena_fini(&req.arena);
	}
}
END_TEST

/* Each message, and the trailers, are a segment. */
START_TEST(text_answer)
{
	static const char want[] =
	    "AAAAAAVoZWxsbw=="
	    "AAAAAAA="
	    "AQAAAAF4"
	    "gAAAACBncnBjLXN0YXR1czogMA0KZ3JwYy1tZXNzYWdlOiANCg==";

	for (size_t cut = 0; cut < sizeof(MESSAGES); cut++) {
		struct grpc_web_down d;

		grpc_web_down_init(&d, &req, true);
		keep(&d.sink);
		ck_assert_int_eq(
		    feed(&d.sink, SLICE_LIT(MESSAGES), cut), WHY_OK);
		ck_assert_int_eq(sink_end(&d.sink, &end_trailers), WHY_OK);
		ck_assert(slice_eq(kept_slice(), SLICE_LIT(want)));
		ck_assert_uint_eq(kept.ends, 1);
		arena_fini(&req.arena);
	}
}
END_TEST

/* A message goes out as soon as it is whole. */
START_TEST(text_at_once)
{
	struct grpc_web_down d;

	grpc_web_down_init(&d, &req, true);
	keep(&d.sink);
	sink_data(&d.sink, SLICE_LIT("\0\0\0\0\1"));
	ck_assert(slice_eq(kept_slice(), SLICE_LIT("AAAA")));
	sink_data(&d.sink, SLICE_LIT("a"));
	ck_assert(slice_eq(kept_slice(), SLICE_LIT("AAAAAAFh")));
}
END_TEST

/* The trailers do not depend on where the messages ended. */
START_TEST(text_answer_is_cut)
{
	struct grpc_web_down d;

	grpc_web_down_init(&d, &req, true);
	keep(&d.sink);
	sink_data(&d.sink, SLICE_LIT("\0\0\0\0\5h"));
	ck_assert_int_eq(sink_end(&d.sink, &end_trailers), WHY_OK);
	ck_assert(slice_eq(kept_slice(),
	    SLICE_LIT("AAAAAAVo"
		      "gAAAACBncnBjLXN0YXR1czogMA0KZ3JwYy1tZXNzYWdlOiANCg==")));
}
END_TEST

START_TEST(no_trailers)
{
	struct head none = { .count = 0 };
	struct grpc_web_down d;

	for (int i = 0; i < 2; i++) {
		grpc_web_down_init(&d, &req, i == 1);
		keep(&d.sink);
		ck_assert_int_eq(
		    sink_end(&d.sink, i == 0 ? NULL : &none), WHY_OK);
		ck_assert_uint_eq(kept.n, 0);
		ck_assert_uint_eq(kept.ends, 1);
	}
}
END_TEST

/* Its end is not told: the answer is to be cut. */
START_TEST(no_memory)
{
	struct grpc_web_down d;

	grpc_web_down_init(&d, &req, false);
	keep(&d.sink);
	req.arena.failed = true;
	req.arena.at = req.arena.end;
	ck_assert_int_eq(sink_end(&d.sink, &end_trailers), WHY_OVERLOADED);
	ck_assert_uint_eq(kept.ends, 0);
}
END_TEST

START_TEST(large_text_answer)
{
	static char bytes[30005] = { 0, 0, 0, 0x75, 0x30 };
	struct grpc_web_down d;

	grpc_web_down_init(&d, &req, true);
	keep(&d.sink);
	for (size_t i = 0; i < sizeof(bytes); i += 10001)
		sink_data(&d.sink,
		    slice_make(bytes + i,
			sizeof(bytes) - i < 10001 ? sizeof(bytes) - i : 10001));
	ck_assert_uint_eq(kept.n, (sizeof(bytes) + 2) / 3 * 4);
	ck_assert_int_eq(kept.bytes[kept.n - 1], '=');
	ck_assert_ptr_null(memchr(kept.bytes, '=', kept.n - 2));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("grpc_web_body");
	TCase *tc = tcase_create("grpc_web_body");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, request);
	tcase_add_test(tc, large_request);
	tcase_add_test(tc, bad_request);
	tcase_add_test(tc, cut_request);
	tcase_add_test(tc, refused_request);
	tcase_add_test(tc, answer);
	tcase_add_test(tc, text_answer);
	tcase_add_test(tc, text_at_once);
	tcase_add_test(tc, text_answer_is_cut);
	tcase_add_test(tc, no_trailers);
	tcase_add_test(tc, no_memory);
	tcase_add_test(tc, large_text_answer);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
