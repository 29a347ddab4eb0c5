/* Tests of uri_escape.c. */
#include <check.h>
#include <stdlib.h>

#include "common/http/uri.h"

START_TEST(encode)
{
	static const struct {
		const char *in, *out;
		bool slash, escaped;
	} rows[] = {
		{ "aZ9-._~", "aZ9-._~", false, false },
		{ "a/b c", "a%2Fb%20c", false, false },
		{ "a/b c", "a/b%20c", true, false },
		{ "%41%4", "%2541%254", false, false },
		{ "%41%4", "%41%254", false, true },
		{ "\xc3\xa9?", "%C3%A9%3F", false, true },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice in = slice_str(rows[i].in);
		char *out = malloc(3 * in.n);
		size_t n = uri_encode(in, rows[i].slash, rows[i].escaped, out);

		ck_assert_msg(
		    slice_eq(slice_make(out, n), slice_str(rows[i].out)),
		    "%s became %.*s", rows[i].in, (int)n, out);
		free(out);
	}
}
END_TEST

START_TEST(decode)
{
	char out[32];
	size_t n;

	ck_assert(uri_decode(SLICE_LIT("a%2fb%00+"), out, &n));
	ck_assert(slice_eq(slice_make(out, n), SLICE_LIT("a/b\0+")));
	ck_assert(uri_decode(SLICE_NONE, out, &n));
	ck_assert_uint_eq(n, 0);
	ck_assert(!uri_decode(SLICE_LIT("a%2"), out, &n));
	ck_assert(!uri_decode(SLICE_LIT("a%xx"), out, &n));
}
END_TEST

START_TEST(query_find)
{
	struct slice query = SLICE_LIT("a=1&b&c%3d=2=3&&a=4&%zz=5&d=");
	static const struct {
		const char *name, *value; /* value NULL: absent */
	} rows[] = {
		{ "a", "1" },
		{ "b", "" },
		{ "c=", "2=3" },
		{ "c%3d", NULL },
		{ "d", "" },
		{ "e", NULL },
		{ "aa", NULL },
		{ "%zz", NULL },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct slice value;
		bool found =
		    uri_query_find(query, slice_str(rows[i].name), &value);

		ck_assert_msg(
		    found == (rows[i].value != NULL), "%s", rows[i].name);
		if (found)
			ck_assert(slice_eq(value, slice_str(rows[i].value)));
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("uri_escape");
	TCase *tc = tcase_create("uri_escape");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, encode);
	tcase_add_test(tc, decode);
	tcase_add_test(tc, query_find);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
