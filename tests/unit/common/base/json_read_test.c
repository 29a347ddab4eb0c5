/*
 * Tests of json_read.c and json_value.c: what is read, what is refused, and
 * that jansson, which is no part of it, says the same.
 */
#include <check.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/text.h"

/* A copy of its own size, so that the sanitizers see more. */
static bool
check_copy(struct slice text)
{
	struct json_value v;
	char *copy = malloc(text.n + 1);
	bool whole;

	if (text.n != 0)
		memcpy(copy, text.p, text.n);
	copy = realloc(copy, text.n != 0 ? text.n : 1);
	whole = json_read_check(slice_make(copy, text.n), &v);
	free(copy);
	return whole;
}

static struct json_value
checked(const char *text)
{
	struct json_value v;

	ck_assert_msg(json_read_check(slice_str(text), &v), "%s", text);
	return v;
}

static const char *const good[] = {
	"{}",
	"[]",
	" { } ",
	"\t\r\n[ ]\n",
	"null",
	"true",
	"false",
	"\"\"",
	"0",
	"-0",
	"-0.0e-0",
	"1E+5",
	"1e5",
	"10.01e10",
	"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"",
	"\"\\ud83d\\ude00\\uD83D\\uDE00\"",
	"\"\\uffff\\ufffe\\u0001\\u001f\"",
	"\"\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\"",
	"\"\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"",
	"\"1234567\303\251123456\303\251\"",
	"{\"a\":1,\"b\":[true,false,null,{\"a\":{}}],\"\":\"\"}",
	"{\"a\":{\"a\":1},\"A\":2,\"\\u0061a\":3}",
	"[[[[[[[[]]]]]]]]",
	"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}",
	"[{\"a\":1},{\"a\":1}]",
	"[1 , 2 ,3]",
	"{ \"a\" : 1 , \"b\" : 2 }",
	"1e999",
	"123456789012345678901234567890123456789012345678901234567890.123",
};

START_TEST(reads)
{
	ck_assert(check_copy(slice_str(good[_i])));
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	"{",
	"}",
	"[",
	"]",
	"[}",
	"{]",
	"{}}",
	"{} {}",
	"1 2",
	"nul",
	"nulll",
	"True",
	"NaN",
	"Infinity",
	"-Infinity",
	"[1,]",
	"[,1]",
	"[1 2]",
	"[1,,2]",
	"{\"a\":1,}",
	"{,}",
	"{\"a\"}",
	"{\"a\":}",
	"{\"a\" 1}",
	"{\"a\":1 \"b\":2}",
	"{a:1}",
	"{1:1}",
	"{'a':1}",
	"{\"a\":1,/**/\"b\":2}",
	"//\n{}",
	"\xef\xbb\xbf{}",
	"\v{}",
	"{}\f",
	"\xc2\xa0{}",
	/* numbers */
	"-",
	"+1",
	"01",
	"-01",
	"00",
	"1.",
	".5",
	"1.e5",
	"1e",
	"1e+",
	"1e5.5",
	"0x10",
	"1_000",
	"--1",
	"1.2.3",
	"12345678901234567890123456789012345678901234567890123456789012345",
	/* strings */
	"\"",
	"\"a",
	"\"\\",
	"\"\\\"",
	"\"\\x41\"",
	"\"\\a\"",
	"\"\\'\"",
	"\"\\U0041\"",
	"\"\\u\"",
	"\"\\u004\"",
	"\"\\u004g\"",
	"\"\\u0000\"",
	"\"a\\u0000b\"",
	"\"\\ud800\"",
	"\"\\udc00\"",
	"\"\\ud800x\"",
	"\"\\ud800\\n\"",
	"\"\\ud800\\u0041\"",
	"\"\\ud800\\ud800\"",
	"\"\\ude00\\ud83d\"",
	"\"\\ud83d\\ude0\"",
	"\"a\nb\"",
	"\"a\tb\"",
	"\"abcdefgh\x01\"",
	"\"abcdefgh\037abcdefgh\"",
	/* UTF-8 */
	"\"\x80\"",
	"\"\xbf\"",
	"\"\xc0\x80\"",
	"\"\xc1\xbf\"",
	"\"\xc2\"",
	"\"\xc2\x41\"",
	"\"\xe0\x9f\xbf\"",
	"\"\xed\xa0\x80\"",
	"\"\xed\xbf\xbf\"",
	"\"\xe2\x82\"",
	"\"\xf0\x8f\xbf\xbf\"",
	"\"\xf4\x90\x80\x80\"",
	"\"\xf5\x80\x80\x80\"",
	"\"\xff\"",
	"\"\xfe\xff\"",
	/* one name twice, at any depth, in any spelling */
	"{\"a\":1,\"a\":1}",
	"{\"a\":1,\"\\u0061\":2}",
	"{\"\\u0061\":1,\"a\":2}",
	"{\"\\u0061\":1,\"\\u0061\":2}",
	"{\"\":1,\"\":2}",
	"{\"a/b\":1,\"a\\/b\":2}",
	"{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}",
	"[{\"x\":{\"exp\":1,\"b\":2,\"c\":3,\"exp\":4}}]",
	"{\"a\":{\"b\":1},\"c\":{\"a\":2,\"b\":3},\"a\":4}",
	"{\"abcdefghi\":1,\"abcdefghj\":1,\"abcdefghi\":1}",
	/* too deep */
	"[[[[[[[[[]]]]]]]]]",
	"{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{}}}}}}}}}",
};

START_TEST(refuses)
{
	ck_assert_msg(!check_copy(slice_str(bad[_i])), "%s", bad[_i]);
}
END_TEST

START_TEST(refuses_nul)
{
	ck_assert(!check_copy(SLICE_LIT("\"a\0b\"")));
	ck_assert(!check_copy(SLICE_LIT("{}\0")));
	ck_assert(!check_copy(SLICE_LIT("\0{}")));
	ck_assert(!check_copy(SLICE_LIT("[12\0]")));
	ck_assert(!check_copy(SLICE_NONE));
}
END_TEST

/* Cut anywhere, no object is whole. */
START_TEST(refuses_parts)
{
	static const char text[] =
	    "{\"a\":[1.5e3,\"\\ud83d\\ude00\xc3\xa9\",null],\"b\":{}}";

	for (size_t n = 0; n < sizeof(text) - 1; n++)
		ck_assert(!check_copy(slice_make(text, n)));
	ck_assert(check_copy(SLICE_LIT(text)));
}
END_TEST

/* `count` of this in brackets. */
static bool
check_many(unsigned count, bool members)
{
	struct text t;
	bool whole;

	text_init(&t);
	text_add_char(&t, members ? '{' : '[');
	for (unsigned i = 0; i < count; i++)
		text_printf(
		    &t, members ? "%s\"m%u\":1" : "%s%u", i != 0 ? "," : "", i);
	text_add_char(&t, members ? '}' : ']');
	whole = check_copy(text_slice(&t));
	text_fini(&t);
	return whole;
}

START_TEST(limits)
{
	char text[JSON_READ_NAME * 6 + 16];

	ck_assert(check_many(JSON_READ_MEMBERS, true));
	ck_assert(!check_many(JSON_READ_MEMBERS + 1, true));
	ck_assert(check_many(JSON_READ_ELEMENTS, false));
	ck_assert(!check_many(JSON_READ_ELEMENTS + 1, false));
	for (int n = JSON_READ_NAME; n <= JSON_READ_NAME + 1; n++) {
		(void)snprintf(text, sizeof(text), "{\"%0*d\":1}", n, 1);
		ck_assert(check_copy(slice_str(text)) == (n == JSON_READ_NAME));
	}
	for (int n = JSON_READ_NAME; n <= JSON_READ_NAME + 1; n++) {
		struct text t;

		text_init(&t);
		text_add(&t, SLICE_LIT("{\""));
		for (int i = 0; i < n; i++)
			text_add(&t, SLICE_LIT("\\u0041"));
		text_add(&t, SLICE_LIT("\":1}"));
		ck_assert(check_copy(text_slice(&t)) == (n == JSON_READ_NAME));
		text_fini(&t);
	}
}
END_TEST

START_TEST(walks)
{
	struct json_value v =
	    checked(" { \"a\" : [ 1 , \"x]}\\\"\" , {\"b\":2} ],"
		    "\"c\\u0064\":null,\"e\":-1.5}  ");
	struct json_value name, value, item;
	size_t at = 0, in = 0;

	ck_assert(v.kind == JSON_VALUE_OBJECT);
	ck_assert_int_eq(v.text.p[v.text.n - 1], '}');
	ck_assert(json_read_next_member(&v, &at, &name, &value));
	ck_assert(json_read_is(&name, SLICE_LIT("a")));
	ck_assert(slice_eq(name.text, SLICE_LIT("\"a\"")));
	ck_assert(value.kind == JSON_VALUE_ARRAY);
	ck_assert(json_read_next_element(&value, &in, &item));
	ck_assert(item.kind == JSON_VALUE_NUMBER);
	ck_assert(slice_eq(item.text, SLICE_LIT("1")));
	ck_assert(json_read_next_element(&value, &in, &item));
	ck_assert(json_read_is(&item, SLICE_LIT("x]}\"")));
	ck_assert(json_read_next_element(&value, &in, &item));
	ck_assert(slice_eq(item.text, SLICE_LIT("{\"b\":2}")));
	ck_assert(!json_read_next_element(&value, &in, &item));
	ck_assert(!json_read_next_element(&value, &in, &item));
	ck_assert(json_read_next_member(&v, &at, &name, &value));
	ck_assert(name.escaped && json_read_is(&name, SLICE_LIT("cd")));
	ck_assert(value.kind == JSON_VALUE_NULL);
	ck_assert(json_read_next_member(&v, &at, &name, &value));
	ck_assert(slice_eq(value.text, SLICE_LIT("-1.5")));
	ck_assert(!json_read_next_member(&v, &at, &name, &value));
	ck_assert(json_read_member(&v, SLICE_LIT("cd"), &value));
	ck_assert(json_read_member(&v, SLICE_LIT("e"), &value));
	ck_assert(!json_read_member(&v, SLICE_LIT("b"), &value));
	ck_assert(!json_read_member(&v, SLICE_LIT("c\\u0064"), &value));
	v = checked("{}");
	at = 0;
	ck_assert(!json_read_next_member(&v, &at, &name, &value));
}
END_TEST

static const struct {
	const char *json, *bytes;
} strings[] = {
	{ "\"\"", "" },
	{ "\"plain \xc3\xa9\"", "plain \xc3\xa9" },
	{ "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t" },
	{ "\"a\\u0041\\u00e9\\u20aC\\uD83d\\uDe00z\"",
	    "aA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80z" },
	{ "\"\\u007f\\u0080\\u07ff\\u0800\\uffff\\udbff\\udfff\"",
	    "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf4\x8f\xbf\xbf" },
};

START_TEST(decodes)
{
	struct json_value v = checked(strings[_i].json);
	struct slice want = slice_str(strings[_i].bytes), got;
	char *room = malloc(v.text.n), *own = malloc(v.text.n);

	ck_assert(slice_eq(json_read_string(&v, room), want));
	ck_assert(json_read_is(&v, want));
	ck_assert(!json_read_is(&v, SLICE_LIT("other")));
	ck_assert(!json_read_is(&v, slice_make(want.p, want.n + 1)));
	if (want.n != 0)
		ck_assert(!json_read_is(&v, slice_make(want.p, want.n - 1)));
	/* In place. */
	memcpy(own, v.text.p, v.text.n);
	v.text.p = own;
	got = json_read_string(&v, own);
	ck_assert(slice_eq(got, want));
	free(room);
	free(own);
}
END_TEST

static const struct {
	const char *json;
	bool whole;
	int64_t s;
} seconds[] = {
	{ "0", true, 0 },
	{ "-0", true, 0 },
	{ "1700000000", true, 1700000000 },
	{ "1700000000.9", true, 1700000000 },
	{ "1.7e9", true, 1700000000 },
	{ "17E8", true, 1700000000 },
	{ "0.0017e+12", true, 1700000000 },
	{ "17000000005e-1", true, 1700000000 },
	{ "-1.5", true, -1 },
	{ "-17e8", true, -1700000000 },
	{ "0.9", true, 0 },
	{ "1e-5", true, 0 },
	{ "1e-99999999999999999999", true, 0 },
	{ "0e99999999999999999999", true, 0 },
	{ "0.000e999", true, 0 },
	{ "9007199254740992", true, 9007199254740992 },
	{ "-9007199254740992", true, -9007199254740992 },
	{ "9007199254740992.9", true, 9007199254740992 },
	{ "9007199254740993", false, 0 },
	{ "-9007199254740993", false, 0 },
	{ "9223372036854775807", false, 0 },
	{ "18446744073709551617", false, 0 },
	{ "1e16", false, 0 },
	{ "1e999", false, 0 },
	{ "-1e99999999999999999999", false, 0 },
	{ "10000000000000000000000000000000000000000000e-34", true,
	    1000000000 },
	{ "\"1700000000\"", false, 0 },
	{ "null", false, 0 },
	{ "true", false, 0 },
	{ "[1]", false, 0 },
	{ "{}", false, 0 },
};

START_TEST(reads_seconds)
{
	struct json_value v = checked(seconds[_i].json);
	int64_t s = 1;

	ck_assert(json_read_seconds(&v, &s) == seconds[_i].whole);
	if (seconds[_i].whole)
		ck_assert_int_eq(s, seconds[_i].s);
}
END_TEST

START_TEST(reads_decimals)
{
	struct json_value v = checked("[3,-2.5,1e3,0.1,1e-400,1e999,\"3\"]"), e;
	static const double want[] = { 3, -2.5, 1000, 0.1, 0 };
	size_t at = 0;
	double d;

	for (size_t i = 0; i < sizeof(want) / sizeof(want[0]); i++) {
		ck_assert(json_read_next_element(&v, &at, &e));
		ck_assert(json_read_decimal(&e, &d));
		ck_assert_double_eq(d, want[i]);
	}
	while (json_read_next_element(&v, &at, &e))
		ck_assert(!json_read_decimal(&e, &d));
}
END_TEST

/* What a mutation takes and puts. */
static char
some_char(void)
{
	static const char likely[] =
	    "{}[]\",:\\u00dDeE+-.19tfn \n\x80\xc3\xa9\xed\xff";

	return random() % 4 != 0 ? likely[(size_t)random() % sizeof(likely)]
				 : (char)random();
}

static size_t
mutate(char *text, size_t n, size_t room)
{
	for (long i = random() % 3; i >= 0; i--) {
		size_t at = (size_t)random() % n;

		switch (random() % 3) {
		case 0:
			text[at] = some_char();
			break;
		case 1:
			memmove(text + at, text + at + 1, n - at - 1);
			n -= n > 1;
			break;
		default:
			if (n == room)
				break;
			memmove(text + at + 1, text + at, n - at);
			text[at] = some_char();
			n++;
		}
	}
	return n;
}

/*
 * Both accept it or neither; jansson refuses numbers that are too large, and
 * does not see a NUL behind one.
 */
START_TEST(as_jansson)
{
	static const char seed[] =
	    "{\"a\":[1.5e3,-0.1,\"\\ud83d\\ude00\xc3\xa9\",null],\"b\":{\"a\":"
	    "true,\"\\u0062\":\"\\n\\/\"},\"c\":[[[{}]]], \"d\" : 12}";
	unsigned accepted = 0;

	srandom(6);
	for (int i = 0; i < 200000; i++) {
		char text[256];
		size_t n = sizeof(seed) - 1;
		json_error_t error;
		json_t *tree;
		bool ours;

		memcpy(text, seed, n);
		n = mutate(text, n, sizeof(text));
		ours = check_copy(slice_make(text, n));
		tree = json_loadb(text, n,
		    JSON_DECODE_ANY | JSON_REJECT_DUPLICATES |
			JSON_DECODE_INT_AS_REAL,
		    &error);
		ck_assert_msg(ours == (tree != NULL) ||
			(!ours && memchr(text, 0, n) != NULL) ||
			json_error_code(&error) == json_error_numeric_overflow,
		    "%.*s: %s", (int)n, text, error.text);
		accepted += ours;
		json_decref(tree);
	}
	ck_assert_uint_gt(accepted, 10000);
}
END_TEST

#define ROWS(a) (int)(sizeof(a) / sizeof((a)[0]))

int
main(void)
{
	Suite *suite = suite_create("json_read");
	TCase *tc = tcase_create("json_read");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, reads, 0, ROWS(good));
	tcase_add_loop_test(tc, refuses, 0, ROWS(bad));
	tcase_add_test(tc, refuses_nul);
	tcase_add_test(tc, refuses_parts);
	tcase_add_test(tc, limits);
	tcase_add_test(tc, walks);
	tcase_add_loop_test(tc, decodes, 0, ROWS(strings));
	tcase_add_loop_test(tc, reads_seconds, 0, ROWS(seconds));
	tcase_add_test(tc, reads_decimals);
	tcase_add_test(tc, as_jansson);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
