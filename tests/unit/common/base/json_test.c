/*
 * Tests of json.c: commas, escapes, and bytes that are not UTF-8.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/json.h"

static void
expect(const struct text *t, const char *want)
{
	ck_assert_msg(slice_eq(text_slice(t), slice_str(want)),
	    "got %.*s, want %s", SLICE_FMT(text_slice(t)), want);
}

START_TEST(puts_commas_where_they_belong)
{
	struct text t;
	struct json j;

	text_init(&t);
	json_init(&j, &t);
	json_object_begin(&j, NULL);
	json_array_begin(&j, "none");
	json_array_end(&j);
	json_array_begin(&j, "two");
	json_add_uint(&j, NULL, 18446744073709551615u);
	json_object_begin(&j, NULL);
	json_object_end(&j);
	json_array_end(&j);
	json_add_int(&j, "minus", -7);
	json_add_bool(&j, "yes", true);
	json_add_bool(&j, "no", false);
	json_add_null(&j, "null");
	json_add_seconds(&j, "s", 1234567);
	json_add_seconds(&j, "z", 999);
	json_add_thousandths(&j, "t", 12034);
	json_object_begin_named(&j, SLICE_LIT("a\"b"));
	json_add_uint(&j, "one", 1);
	json_object_end(&j);
	json_object_end(&j);
	expect(&t,
	    "{\"none\":[],\"two\":[18446744073709551615,{}],\"minus\":-7,"
	    "\"yes\":true,\"no\":false,\"null\":null,\"s\":1.234,\"z\":0.000,"
	    "\"t\":12.034,\"a\\\"b\":{\"one\":1}}");
	text_fini(&t);
}
END_TEST

static const struct {
	struct slice in;
	const char *out;
} quotes[] = {
	{ SLICE_LIT(""), "\"\"" },
	{ SLICE_LIT("plain /"), "\"plain /\"" },
	{ SLICE_LIT("\"\\"), "\"\\\"\\\\\"" },
	{ SLICE_LIT("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"" },
	{ SLICE_LIT("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"" },
	/* Of one to four bytes, and their edges (RFC 3629). */
	{ SLICE_LIT("\xc2\x80\xdf\xbf"), "\"\xc2\x80\xdf\xbf\"" },
	{ SLICE_LIT("\xe0\xa0\x80\xef\xbf\xbf"),
	    "\"\xe0\xa0\x80\xef\xbf\xbf\"" },
	{ SLICE_LIT("\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"),
	    "\"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"" },
	/* Overlong, a surrogate, above U+10FFFF, alone, cut. */
	{ SLICE_LIT("\xc1\xbf"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ SLICE_LIT("\xe0\x9f\xbf"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ SLICE_LIT("\xed\xa0\x80"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ SLICE_LIT("\xf0\x8f\xbf\xbf"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ SLICE_LIT("\xf4\x90\x80\x80"),
	    "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"" },
	{ SLICE_LIT("\xff"
		    "a"),
	    "\"\xef\xbf\xbd"
	    "a\"" },
	{ SLICE_LIT("\xe2\x82"), "\"\xef\xbf\xbd\xef\xbf\xbd\"" },
};

START_TEST(escapes)
{
	struct text t;

	text_init(&t);
	json_quote(&t, quotes[_i].in);
	expect(&t, quotes[_i].out);
	text_fini(&t);
}
END_TEST

/* The same, and nothing behind the room that it may have. */
START_TEST(puts_without_quotes)
{
	struct slice in = quotes[_i].in, out = slice_str(quotes[_i].out);
	size_t room = JSON_CHAR_MAX * in.n;
	char *to = malloc(room != 0 ? room : 1);
	const char *end = json_put(to, in);

	ck_assert_uint_le((size_t)(end - to), room);
	ck_assert(slice_eq(slice_make(to, (size_t)(end - to)),
	    slice_make(out.p + 1, out.n - 2)));
	free(to);
}
END_TEST

static struct slice
tildes(size_t n)
{
	static const char all[] = "~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~";

	ck_assert_uint_lt(n, sizeof(all));
	return slice_make(all, n);
}

/* Of n bytes in memory of just that length, those at a and b are `byte`. */
static void
quoted_with(char byte, struct slice alone, size_t n, size_t a, size_t b)
{
	char *in = malloc(n);
	struct text t, want;

	memset(in, '~', n);
	in[a] = in[b] = byte;
	text_init(&t);
	text_init(&want);
	json_quote(&t, slice_make(in, n));
	text_add_char(&want, '"');
	text_add(&want, tildes(a));
	text_add(&want, alone);
	if (a != b) {
		text_add(&want, tildes(b - a - 1));
		text_add(&want, alone);
	}
	text_add(&want, tildes(n - b - 1));
	text_add(&want, SLICE_LIT("\"\0"));
	expect(&t, want.p);
	text_fini(&t);
	text_fini(&want);
	free(in);
}

/* Wherever it stands, a byte comes out as it does alone. */
START_TEST(each_byte_at_each_place)
{
	const char byte = (char)_i;
	struct text alone;
	struct slice one;

	text_init(&alone);
	json_quote(&alone, slice_make(&byte, 1));
	one = slice_make(alone.p + 1, alone.n - 2);
	for (size_t n = 1; n <= 40; n++)
		for (size_t at = 0; at < n; at++)
			quoted_with(byte, one, n, at, at);
	for (size_t at = 2; at < 40; at++)
		for (size_t before = 0; before + 1 < at; before++)
			quoted_with(byte, one, 40, before, at);
	text_fini(&alone);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("json");
	TCase *tc = tcase_create("json");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, puts_commas_where_they_belong);
	tcase_add_loop_test(tc, each_byte_at_each_place, 0, 256);
	tcase_add_loop_test(
	    tc, escapes, 0, (int)(sizeof(quotes) / sizeof(quotes[0])));
	tcase_add_loop_test(tc, puts_without_quotes, 0,
	    (int)(sizeof(quotes) / sizeof(quotes[0])));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
