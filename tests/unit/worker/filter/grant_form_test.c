/*
 * grant_form_test.c - the refresh token in a body.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "worker/filter/grant_form.h"

#define FORM "application/x-www-form-urlencoded"

static const struct {
	const char *type, *body;
	const char *token; /* NULL: refused */
} cases[] = {
	{ FORM, "grant_type=refresh_token&refresh_token=a.b.c", "a.b.c" },
	{ FORM, "refresh_token=a.b.c", "a.b.c" },
	{ FORM "; charset=utf-8", "refresh_token=a.b.c", "a.b.c" },
	{ "Application/X-WWW-Form-Urlencoded", "refresh_token=a", "a" },
	{ FORM, "client_id=x&refresh_token=a%2Eb&scope=y+z", "a.b" },
	{ FORM, "&&refresh_token=a&", "a" },
	{ FORM, "", NULL },
	{ FORM, "refresh_token", NULL },
	{ FORM, "refresh_token=", NULL },
	{ FORM, "refresh_token=a&refresh_token=a", NULL },
	{ FORM, "refresh_token=a%", NULL },
	{ FORM, "refresh_token=a+b", NULL },
	{ FORM, "grant_type=password&refresh_token=a", NULL },
	{ FORM, "Refresh_token=a", NULL },
	{ FORM, "xrefresh_token=a", NULL },
	{ "application/json", "{\"refresh_token\":\"a.b.c\"}", "a.b.c" },
	{ "application/json;charset=utf-8", "{\"refresh_token\":\"a\\u002eb\"}",
	    "a.b" },
	{ "application/json",
	    "{\"grant_type\":\"refresh_token\",\"refresh_token\":\"a\"}", "a" },
	{ "application/json",
	    "{\"grant_type\":\"password\",\"refresh_token\":\"a\"}", NULL },
	{ "application/json", "{\"grant_type\":1,\"refresh_token\":\"a\"}",
	    NULL },
	{ "application/json",
	    "{\"refresh_token\":\"a\",\"refresh_token\":\"b\"}", NULL },
	{ "application/json", "{\"refresh_token\":\"\"}", NULL },
	{ "application/json", "{\"refresh_token\":1}", NULL },
	{ "application/json", "[\"refresh_token\",\"a\"]", NULL },
	{ "application/json", "{\"refresh_token\":\"a\"", NULL },
	{ "application/json", "refresh_token=a", NULL },
	{ FORM, "{\"refresh_token\":\"a\"}", NULL },
	{ "text/plain", "refresh_token=a", NULL },
	{ "", "refresh_token=a", NULL },
};

START_TEST(reads)
{
	struct slice token = SLICE_NONE, body = slice_str(cases[_i].body);
	char *room = malloc(body.n + 1);
	bool found;

	ck_assert_ptr_nonnull(room);
	found = grant_form_read(slice_str(cases[_i].type), body, room, &token);
	ck_assert_msg(found == (cases[_i].token != NULL), "%s: %s",
	    cases[_i].type, cases[_i].body);
	if (found)
		ck_assert(slice_eq(token, slice_str(cases[_i].token)));
	free(room);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("grant_form");
	TCase *tc = tcase_create("grant_form");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, reads, 0, sizeof(cases) / sizeof(cases[0]));
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
