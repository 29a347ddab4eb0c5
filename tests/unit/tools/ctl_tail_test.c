/*
 * Tests of ctl_tail.c: where penstockctl's own words end.
 */
#include <check.h>
#include <stdlib.h>

#include "tools/ctl_tail.h"

static const struct {
	const char *words[8];
	int own;
} rows[] = {
	{ { "x", "tail", "--route=a" }, 2 },
	{ { "x", "-s", "tail", "tail", "-h" }, 4 },
	{ { "x", "-c", "f", "-j", "tail" }, 5 },
	{ { "x", "-sf", "tail", "tail" }, 3 },
	{ { "x", "revoke", "token", "tail" }, 4 },
	{ { "x", "-s", "tail" }, 3 },
	{ { "x", "-s" }, 2 },
	{ { "x" }, 1 },
};

START_TEST(words)
{
	char *const *argv = (char *const *)(uintptr_t)rows[_i].words;
	int argc = 0;

	while (argv[argc] != NULL)
		argc++;
	ck_assert_int_eq(ctl_tail_words(argc, argv), rows[_i].own);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("ctl_tail");
	TCase *tc = tcase_create("ctl_tail");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(
	    tc, words, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
