/* Tests of chunk.c: what is a chunk, whole and split at every byte. */
#include <check.h>
#include <stdlib.h>

#include "common/http/chunk.h"

#define ROW(text, body, result)                                              \
	{                                                                    \
		SLICE_LIT(text), SLICE_LIT(body), (result), sizeof(text) - 1 \
	}
/* `rest` stands behind the last chunk and must be left alone. */
#define ROW_REST(text, rest, body, result)                       \
	{                                                        \
		SLICE_LIT(text rest), SLICE_LIT(body), (result), \
		    sizeof(text) - 1                             \
	}

#define X16 "xxxxxxxxxxxxxxxx"
#define X64 X16 X16 X16 X16

static const struct {
	struct slice text, body;
	enum chunk_result result; /* MORE, LAST or BAD */
	size_t used;              /* but with BAD */
} rows[] = {
	ROW("5\r\nhello\r\n0\r\n", "hello", CHUNK_LAST),
	ROW_REST("0\r\n", "\r\n", "", CHUNK_LAST),
	ROW_REST("1\r\na\r\n000\r\n", "X: y\r\n\r\n", "a", CHUNK_LAST),
	ROW("a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n",
	    "01234567890123456789", CHUNK_LAST),
	ROW("0000000000000001\r\nx\r\n0\r\n", "x", CHUNK_LAST),
	ROW("7fffffffffffffff\r\nabc", "abc", CHUNK_MORE),
	ROW("", "", CHUNK_MORE),
	ROW("5\r\nhel", "hel", CHUNK_MORE),
	/* Extensions are read and dropped (RFC 9112 7.1.1). */
	ROW("1;a\r\nx\r\n0;last\r\n", "x", CHUNK_LAST),
	ROW("1 ; a = b\r\nx\r\n0\r\n", "x", CHUNK_LAST),
	ROW("1;a=b;c=\"d;\\\"\\\\e\t\x80\" ;f\r\nx\r\n0\r\n", "x", CHUNK_LAST),
	ROW("1;" X64 X64 X64 X16 X16 X16 "xxxxxxxxxxxxxx\r\nx\r\n0\r\n", "x",
	    CHUNK_LAST),
	ROW("1;" X64 X64 X64 X64 "\r\nx\r\n0\r\n", "", CHUNK_BAD),
	ROW("1;\r\n", "", CHUNK_BAD),
	ROW("1;;a\r\n", "", CHUNK_BAD),
	ROW("1;a=\r\n", "", CHUNK_BAD),
	ROW("1;=b\r\n", "", CHUNK_BAD),
	ROW("1;a=b c\r\n", "", CHUNK_BAD),
	ROW("1;a b\r\n", "", CHUNK_BAD),
	ROW("1;a \r\n", "", CHUNK_BAD),
	ROW("1;a=\"b\r\n", "", CHUNK_BAD),
	ROW("1;a=\"b\n\"\r\n", "", CHUNK_BAD),
	ROW("1;a=\"\\\n\"\r\n", "", CHUNK_BAD),
	ROW("1;a=\"b\"c\r\n", "", CHUNK_BAD),
	ROW("1;a\n", "", CHUNK_BAD),
	ROW("1;a\nx\r\n", "", CHUNK_BAD),
	ROW("1;a\rb\r\n", "", CHUNK_BAD),
	ROW("1;a\0\r\n", "", CHUNK_BAD),
	/* Sizes. */
	ROW("\r\n", "", CHUNK_BAD),
	ROW(";a\r\n", "", CHUNK_BAD),
	ROW("g\r\n", "", CHUNK_BAD),
	ROW("-1\r\n", "", CHUNK_BAD),
	ROW("+1\r\n", "", CHUNK_BAD),
	ROW("0x1\r\n", "", CHUNK_BAD),
	ROW(" 1\r\n", "", CHUNK_BAD),
	ROW("1 \r\n", "", CHUNK_BAD),
	ROW("1\t\r\n", "", CHUNK_BAD),
	ROW("1_0\r\n", "", CHUNK_BAD),
	ROW("00000000000000001\r\n", "", CHUNK_BAD),
	ROW("8000000000000000\r\n", "", CHUNK_BAD),
	ROW("ffffffffffffffff\r\n", "", CHUNK_BAD),
	ROW("10000000000000000\r\n", "", CHUNK_BAD),
	/* Line ends. */
	ROW("1\nx\r\n0\r\n", "", CHUNK_BAD),
	ROW("1\rx\r\n0\r\n", "", CHUNK_BAD),
	ROW("1\r\r\nx", "", CHUNK_BAD),
	ROW("1\r\nx\n0\r\n", "x", CHUNK_BAD),
	ROW("1\r\nx\rx", "x", CHUNK_BAD),
	ROW("1\r\nxx\r\n", "x", CHUNK_BAD),
	ROW("1\r\nx0\r\n", "x", CHUNK_BAD),
	ROW("0\n", "", CHUNK_BAD),
	ROW("0\r\r", "", CHUNK_BAD),
};

struct reading {
	struct chunk_reader reader;
	char body[64];
	size_t body_n, at;
	enum chunk_result result;
};

/* Offers text[at..upto) until it is consumed or the end is reached. */
static void
offer(struct reading *g, struct slice text, size_t upto)
{
	size_t n = upto - g->at;
	char *copy = malloc(n + 1);
	struct slice data;
	size_t at = 0;

	memcpy(copy, text.p + g->at, n);
	while ((g->result = chunk_read(&g->reader, copy, n, &at, &data)) ==
	    CHUNK_DATA) {
		ck_assert_uint_ne(data.n, 0);
		memcpy(g->body + g->body_n, data.p, data.n);
		g->body_n += data.n;
	}
	ck_assert(g->result != CHUNK_MORE || at == n);
	g->at += at;
	free(copy);
}

static void
check(const struct reading *g, int row)
{
	ck_assert_msg(g->result == rows[row].result, "%.*s: result %d",
	    SLICE_FMT(rows[row].text), (int)g->result);
	ck_assert(slice_eq(slice_make(g->body, g->body_n), rows[row].body));
	if (g->result != CHUNK_BAD)
		ck_assert_uint_eq(g->at, rows[row].used);
}

START_TEST(split_everywhere)
{
	struct slice text = rows[_i].text;

	for (size_t cut = 0; cut <= text.n; cut++) {
		struct reading g = { .result = CHUNK_MORE };

		chunk_init(&g.reader);
		offer(&g, text, cut);
		if (g.result == CHUNK_MORE)
			offer(&g, text, text.n);
		check(&g, _i);
	}
}
END_TEST

START_TEST(byte_by_byte)
{
	struct slice text = rows[_i].text;
	struct reading g = { .result = CHUNK_MORE };

	chunk_init(&g.reader);
	for (size_t n = 1; n <= text.n && g.result == CHUNK_MORE; n++)
		offer(&g, text, n);
	check(&g, _i);
}
END_TEST

/* Neither an end nor an error is forgotten. */
START_TEST(ends_are_final)
{
	struct chunk_reader r;
	struct slice data;
	size_t at = 0;

	chunk_init(&r);
	ck_assert_int_eq(
	    chunk_read(&r, "0\r\n0\r\n", 6, &at, &data), CHUNK_LAST);
	ck_assert_uint_eq(at, 3);
	ck_assert_int_eq(
	    chunk_read(&r, "0\r\n0\r\n", 6, &at, &data), CHUNK_BAD);
	chunk_init(&r);
	at = 0;
	ck_assert_int_eq(chunk_read(&r, "x1\r\n", 4, &at, &data), CHUNK_BAD);
	at = 1;
	ck_assert_int_eq(chunk_read(&r, "x1\r\n", 4, &at, &data), CHUNK_BAD);
}
END_TEST

START_TEST(chunk_heads)
{
	static const struct {
		uint64_t n;
		const char *text;
	} sizes[] = {
		{ 0, "0\r\n" },
		{ 1, "1\r\n" },
		{ 15, "f\r\n" },
		{ 16, "10\r\n" },
		{ 0xabcdef, "abcdef\r\n" },
		{ UINT64_MAX, "ffffffffffffffff\r\n" },
	};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		char buf[20];
		size_t n = chunk_head(sizes[i].n, buf);

		ck_assert(
		    slice_eq(slice_make(buf, n), slice_str(sizes[i].text)));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("chunk");
	TCase *tc = tcase_create("chunk");
	int count = sizeof(rows) / sizeof(rows[0]);
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, split_everywhere, 0, count);
	tcase_add_loop_test(tc, byte_by_byte, 0, count);
	tcase_add_test(tc, ends_are_final);
	tcase_add_test(tc, chunk_heads);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
