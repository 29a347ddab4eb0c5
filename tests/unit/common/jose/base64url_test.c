/* Tests of base64url.c: both ways, and every text that is not canonical. */
#include <check.h>
#include <stdlib.h>

#include "common/jose/base64url.h"

static const struct {
	const char *text, *bytes;
} rows[] = {
	{ "", "" },
	{ "Zg", "f" },
	{ "Zm8", "fo" },
	{ "Zm9v", "foo" },
	{ "Zm9vYg", "foob" },
	{ "Zm9vYmE", "fooba" },
	{ "Zm9vYmFy", "foobar" },
	{ "-_-_", "\xfb\xff\xbf" },
	/* RFC 7515 appendix C */
	{ "A-z_4ME", "\x03\xec\xff\xe0\xc1" },
};

/* Of their own sizes, so that the sanitizers see more. */
static bool
decode(struct slice text, struct slice want)
{
	size_t room = BASE64URL_BYTES(text.n), n;
	uint8_t *out = malloc(room != 0 ? room : 1);
	char *copy = malloc(text.n != 0 ? text.n : 1);
	bool canonical;

	memcpy(copy, text.p, text.n);
	text.p = copy;
	canonical = base64url_decode(text, out, &n);
	if (canonical)
		ck_assert(slice_eq(slice_make((char *)out, n), want));
	ck_assert(canonical == base64url_valid(text));
	free(out);
	free(copy);
	return canonical;
}

START_TEST(both_ways)
{
	struct slice text = slice_str(rows[_i].text);
	struct slice bytes = slice_str(rows[_i].bytes);
	char out[16];

	ck_assert(decode(text, bytes));
	ck_assert_uint_eq(BASE64URL_TEXT(bytes.n), text.n);
	ck_assert_uint_eq(base64url_encode(bytes.p, bytes.n, out), text.n);
	ck_assert(slice_eq(slice_make(out, text.n), text));
}
END_TEST

static const char *const bad[] = {
	"A",
	"Zm9vY",
	"Zg==",
	"Zm8=",
	"Zg=",
	"=",
	"====",
	"Zm9v=",
	"+/+/",
	"Zm9v ",
	" Zm9v",
	"Zm\n9v",
	"Zm9v\n",
	"Zm9v\r\n",
	"Zm9v!",
	"Zm.v",
	"Zm9vY!",
	"Zm9vYm!",
	"Zm9v!A",
	"Zm9vZ\xc2",
	"\xff\xff\xff\xff",
	"\x80\x80",
	/* bits behind the last byte */
	"Zh",
	"Zv",
	"Zm9",
	"Zm-",
	"A_",
	"AAB",
};

START_TEST(refuses)
{
	uint8_t out[8];
	size_t n;

	ck_assert_msg(!decode(slice_str(bad[_i]), SLICE_NONE), "%s", bad[_i]);
	ck_assert(!decode(SLICE_LIT("Zm\0v"), SLICE_NONE));
	/* One digit, whatever is behind it. */
	for (size_t length = 1; length <= 5; length += 4) {
		struct slice text = slice_make("AAAAAA", length);

		ck_assert(!base64url_valid(text));
		ck_assert(!base64url_decode(text, out, &n));
	}
}
END_TEST

/* Of all texts of one length, those stand for bytes that come back. */
START_TEST(all_texts)
{
	unsigned canonical[4] = { 0 };

	for (uint32_t i = 0; i < 1u << 24; i++) {
		char text[3] = { (char)i, (char)(i >> 8), (char)(i >> 16) };
		size_t length = i < 1u << 16 ? 2 : 3, n;
		uint8_t bytes[2];
		char again[3];

		if (!base64url_decode(slice_make(text, length), bytes, &n))
			continue;
		canonical[length]++;
		ck_assert_uint_eq(base64url_encode(bytes, n, again), length);
		ck_assert(memcmp(text, again, length) == 0);
	}
	ck_assert_uint_eq(canonical[2], 256);
	ck_assert_uint_eq(canonical[3], 65536);
}
END_TEST

/* In a group each byte is a digit, or the text is refused. */
START_TEST(all_bytes)
{
	for (size_t at = 0; at < 4; at++) {
		unsigned digits = 0;

		for (unsigned c = 0; c < 256; c++) {
			char text[4] = { 'A', 'A', 'A', 'A' };

			text[at] = (char)c;
			digits += base64url_valid(slice_make(text, 4));
		}
		ck_assert_uint_eq(digits, 64);
	}
}
END_TEST

/* Of texts with each byte at each place those are taken that come back. */
START_TEST(long_texts)
{
	char text[BASE64URL_TEXT(50)], again[sizeof(text)];
	uint8_t bytes[50], out[50];
	unsigned taken = 0;
	size_t n;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + (i >> 2));
	for (size_t i = 0; i <= sizeof(bytes); i++) {
		n = base64url_encode(bytes, i, text);
		ck_assert(
		    decode(slice_make(text, n), slice_make((char *)bytes, i)));
	}
	for (size_t at = 0; at < sizeof(text); at++) {
		char was = text[at];

		for (unsigned c = 0; c < 256; c++) {
			struct slice all = slice_make(text, sizeof(text));

			text[at] = (char)c;
			if (!base64url_decode(all, out, &n)) {
				ck_assert(!base64url_valid(all));
				continue;
			}
			taken++;
			ck_assert_uint_eq(
			    base64url_encode(out, n, again), sizeof(text));
			ck_assert_mem_eq(text, again, sizeof(text));
		}
		text[at] = was;
	}
	/* The last digit has four bits. */
	ck_assert_uint_eq(taken, (sizeof(text) - 1) * 64 + 16);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("base64url");
	TCase *tc = tcase_create("base64url");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, both_ways, 0, ROWS(rows));
	tcase_add_loop_test(tc, refuses, 0, ROWS(bad));
	tcase_add_test(tc, all_texts);
	tcase_add_test(tc, all_bytes);
	tcase_add_test(tc, long_texts);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
