/*
 * claim_text_test.c - claims as texts of templates.
 */
#include "worker/flow/claim_text.h"

#include <check.h>
#include <stdlib.h>

static const struct {
	const char *name, *text;
} rows[] = {
	{ "sub", "alice" },
	{ "quoted", "a\"b\xc3\xa4" },
	{ "level", "3" },
	{ "ratio", "-1.50" },
	{ "admin", "true" },
	{ "https://a.example/x", "url" },
	{ "realm.roles", "a,b\\,1,false" },
	{ "realm.name", "r" },
	{ "a.b", "whole" },
	{ "mixed", "x" },
	{ "empty", "" },
	{ "none", "" },
	{ "realm", "" },
	{ "missing", "" },
	{ "sub.x", "" },
	{ "", "" },
};

static const char claims[] =
    "{\"sub\":\"alice\",\"quoted\":\"a\\\"b\\u00e4\",\"level\":3,\"ratio\":"
    "-1.50,\"admin\":true,\"https://a.example/x\":\"url\",\"realm\":{\"roles\":"
    "[\"a\",\"b\\\\\",1,false],\"name\":\"r\"},\"a.b\":\"whole\",\"a\":{\"b\":"
    "\"part\"},\"mixed\":[{\"y\":1},\"x\"],\"empty\":[],\"none\":null}";

START_TEST(each)
{
	struct identity id = { .claims = SLICE_LIT(claims) };
	struct arena a;
	struct slice text;

	arena_init(&a, NULL, 0, 4096);
	text = claim_text(&id, slice_str(rows[_i].name), &a);
	ck_assert_msg(slice_eq(text, slice_str(rows[_i].text)), "%s: %.*s",
	    rows[_i].name, SLICE_FMT(text));
	arena_fini(&a);
}
END_TEST

START_TEST(nobody)
{
	struct identity id = { .claims = SLICE_NONE };
	struct arena a, none;

	arena_init(&a, NULL, 0, 4096);
	ck_assert_uint_eq(claim_text(NULL, SLICE_LIT("sub"), &a).n, 0);
	ck_assert_uint_eq(claim_text(&id, SLICE_LIT("sub"), &a).n, 0);
	arena_fini(&a);
	id.claims = SLICE_LIT(claims);
	arena_init(&none, NULL, 0, 0);
	ck_assert_uint_eq(claim_text(&id, SLICE_LIT("sub"), &none).n, 0);
	arena_fini(&none);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("claim_text");
	TCase *tc = tcase_create("all");
	SRunner *sr;
	int failed;

	tcase_add_loop_test(tc, each, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, nobody);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
