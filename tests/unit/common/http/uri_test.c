/* Tests of uri.c: one row per rule, and that normalising is final. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/http/uri.h"

struct row {
	const char *target, *path;
	const char *query; /* NULL: none */
	bool encoded_slash;
};

static const struct row good[] = {
	{ "/", "/", NULL, false },
	{ "/a/b", "/a/b", NULL, false },
	{ "/a?b=c", "/a", "b=c", false },
	{ "/a?", "/a", "", false },
	{ "/a?b?c/../%zz\\", "/a", "b?c/../%zz\\", false },
	{ "?q", "/", "q", false },
	{ "/a;x=1/b", "/a;x=1/b", NULL, false },
	{ "/a!$&'()*+,;=:@|{}^`\"<>", "/a!$&'()*+,;=:@|{}^`\"<>", NULL, false },
	/* Slashes and dot segments. */
	{ "//", "/", NULL, false },
	{ "//a///b//", "/a/b/", NULL, false },
	{ "/.", "/", NULL, false },
	{ "/./", "/", NULL, false },
	{ "/a/.", "/a/", NULL, false },
	{ "/a/./b", "/a/b", NULL, false },
	{ "/a/..", "/", NULL, false },
	{ "/a/b/..", "/a/", NULL, false },
	{ "/a/b/../c", "/a/c", NULL, false },
	{ "/a/b/../../c", "/c", NULL, false },
	{ "/a//../b", "/b", NULL, false },
	{ "/...", "/...", NULL, false },
	{ "/.a/..b/c./d..", "/.a/..b/c./d..", NULL, false },
	{ "/a;..", "/a;..", NULL, false },
	{ "/a;../b", "/a;../b", NULL, false },
	{ "/;..", "/;..", NULL, false },
	{ "/.a;x", "/.a;x", NULL, false },
	/* Escapes. */
	{ "/%61%2D%7e", "/a-~", NULL, false },
	{ "/%2e/a", "/a", NULL, false },
	{ "/a/%2E%2e/b", "/b", NULL, false },
	{ "/a/.%2e/b", "/b", NULL, false },
	{ "/%e2%82%ac", "/%E2%82%AC", NULL, false },
	{ "/%20%3f%23", "/%20%3F%23", NULL, false },
	{ "/%252e%252e/", "/%252e%252e/", NULL, false },
	{ "/a%2fb", "/a%2Fb", NULL, true },
	{ "/a%2Fb?c%2f", "/a%2Fb", "c%2f", true },
	{ "/a?%2f", "/a", "%2f", false },
	{ "/a%2f/../b", "/b", NULL, false },
	{ "/a%2f.b", "/a%2F.b", NULL, true },
};

static const struct {
	const char *target;
	enum uri_error error;
} bad[] = {
	{ "", URI_NOT_ABSOLUTE },
	{ "*", URI_NOT_ABSOLUTE },
	{ "a/b", URI_NOT_ABSOLUTE },
	{ "http://a/", URI_NOT_ABSOLUTE },
	{ "/%", URI_BAD_ESCAPE },
	{ "/%4", URI_BAD_ESCAPE },
	{ "/%4g", URI_BAD_ESCAPE },
	{ "/%g4", URI_BAD_ESCAPE },
	{ "/%%41", URI_BAD_ESCAPE },
	{ "/a%2/b", URI_BAD_ESCAPE },
	{ "/%u002e", URI_BAD_ESCAPE },
	{ "/%00", URI_CONTROL },
	{ "/%1f", URI_CONTROL },
	{ "/%0d%0a", URI_CONTROL },
	{ "/%7F", URI_CONTROL },
	{ "/a\tb", URI_CONTROL },
	{ "/a b", URI_CONTROL },
	{ "/a\x7f", URI_CONTROL },
	{ "/a?b\x01", URI_CONTROL },
	{ "/a?b c", URI_CONTROL },
	{ "/\\", URI_BACKSLASH },
	{ "/..\\..\\x", URI_BACKSLASH },
	{ "/%5c", URI_BACKSLASH },
	{ "/%5C..", URI_BACKSLASH },
	{ "/a#b", URI_FRAGMENT },
	{ "/a?b#c", URI_FRAGMENT },
	{ "/\xc3\xa9", URI_NOT_ASCII },
	{ "/a?\xff", URI_NOT_ASCII },
	{ "/..;/a", URI_DOT_PARAMETER },
	{ "/a/..;x=1/b", URI_DOT_PARAMETER },
	{ "/.;x/", URI_DOT_PARAMETER },
	{ "/a/..;", URI_DOT_PARAMETER },
	{ "/a/%2e%2e;/b", URI_DOT_PARAMETER },
	{ "/a/..%3b/b", URI_DOT_PARAMETER },
	{ "/a/%2e%2E%3Bx", URI_DOT_PARAMETER },
	{ "/a/..%2fb", URI_DOT_PARAMETER },
	{ "/a/b%2f..", URI_DOT_PARAMETER },
	{ "/a/b%2f%2e%2e%2Fc", URI_DOT_PARAMETER },
	{ "/a/b;p%2f..;q", URI_DOT_PARAMETER },
	{ "/a/%2f.", URI_DOT_PARAMETER },
	{ "/..", URI_ABOVE_ROOT },
	{ "/../", URI_ABOVE_ROOT },
	{ "/a/../../b", URI_ABOVE_ROOT },
	{ "//..", URI_ABOVE_ROOT },
	{ "/%2e%2e/a", URI_ABOVE_ROOT },
};

/* Exactly as much room as is promised, so that the sanitizers see more. */
static enum uri_error
normalise(struct slice target, char **room, struct uri *u)
{
	*room = malloc(target.n + 1);
	return uri_normalise(target, *room, u);
}

START_TEST(normal_forms)
{
	const struct row *r = &good[_i];
	struct uri u, again;
	char *room, *room2;

	ck_assert_int_eq(normalise(slice_str(r->target), &room, &u), URI_OK);
	ck_assert_msg(slice_eq(u.path, slice_str(r->path)),
	    "%s became %.*s, not %s", r->target, SLICE_FMT(u.path), r->path);
	ck_assert_int_eq(u.has_query, r->query != NULL);
	ck_assert(slice_eq(u.query, slice_str(r->query)));
	ck_assert_int_eq(u.encoded_slash, r->encoded_slash);
	ck_assert_int_eq(normalise(u.path, &room2, &again), URI_OK);
	ck_assert(slice_eq(again.path, u.path));
	free(room);
	free(room2);
}
END_TEST

/* Wherever it stands in a longer path. */
START_TEST(normal_forms_behind_others)
{
	const struct row *r = &good[_i];
	char target[128], path[128];

	for (int n = 1; n < 40 && r->target[0] == '/'; n++) {
		struct uri u;
		char *room;

		snprintf(target, sizeof(target), "/%0*d%s", n, 0, r->target);
		snprintf(path, sizeof(path), "/%0*d%s", n, 0, r->path);
		ck_assert_int_eq(
		    normalise(slice_str(target), &room, &u), URI_OK);
		ck_assert_msg(slice_eq(u.path, slice_str(path)),
		    "%s became %.*s", target, SLICE_FMT(u.path));
		ck_assert_int_eq(u.has_query, r->query != NULL);
		ck_assert(slice_eq(u.query, slice_str(r->query)));
		free(room);
	}
}
END_TEST

START_TEST(refusals)
{
	struct uri u;
	char *room;
	enum uri_error e = normalise(slice_str(bad[_i].target), &room, &u);

	ck_assert_msg(e == bad[_i].error, "%s is %s, not %s", bad[_i].target,
	    uri_error_name(e), uri_error_name(bad[_i].error));
	free(room);
}
END_TEST

START_TEST(refusals_behind_others)
{
	char target[128];

	for (int n = 1; n < 40 && bad[_i].target[0] == '/'; n++) {
		struct uri u;
		char *room;

		if (bad[_i].error == URI_ABOVE_ROOT)
			continue;
		snprintf(
		    target, sizeof(target), "/%0*d%s", n, 0, bad[_i].target);
		ck_assert_msg(
		    normalise(slice_str(target), &room, &u) == bad[_i].error,
		    "%s", target);
		free(room);
	}
}
END_TEST

START_TEST(nul_is_refused)
{
	struct uri u;
	char room[8];

	ck_assert_int_eq(
	    uri_normalise(SLICE_LIT("/a\0b"), room, &u), URI_CONTROL);
	ck_assert_int_eq(
	    uri_normalise(SLICE_LIT("/a?\0"), room, &u), URI_CONTROL);
}
END_TEST

START_TEST(clean_paths_are_not_copied)
{
	struct slice target = SLICE_LIT("/api/users/42?x=%41");
	struct uri u;

	ck_assert_int_eq(uri_normalise(target, NULL, &u), URI_OK);
	ck_assert_ptr_eq(u.path.p, target.p);
	ck_assert_uint_eq(u.path.n, 13);
}
END_TEST

START_TEST(names)
{
	ck_assert_str_eq(uri_error_name(URI_ABOVE_ROOT), "above_root");
	ck_assert_str_eq(uri_error_name((enum uri_error)99), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("uri");
	TCase *tc = tcase_create("uri");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, normal_forms, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(tc, refusals, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_loop_test(
	    tc, normal_forms_behind_others, 0, sizeof(good) / sizeof(good[0]));
	tcase_add_loop_test(
	    tc, refusals_behind_others, 0, sizeof(bad) / sizeof(bad[0]));
	tcase_add_test(tc, nul_is_refused);
	tcase_add_test(tc, clean_paths_are_not_copied);
	tcase_add_test(tc, names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
