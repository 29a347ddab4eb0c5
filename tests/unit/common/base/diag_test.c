/* Tests of diag.c: order and form of complaints. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/diag.h"

static void
assert_item(const struct diag *d, size_t i, const char *want)
{
	char text[256];

	ck_assert_int_eq(
	    diag_format(d, i, text, sizeof(text)), (int)strlen(want));
	ck_assert_str_eq(text, want);
}

START_TEST(sorted_by_place)
{
	struct diag d;

	diag_init(&d);
	diag_error(&d, "z.conf", 9, "late %s", "one");
	diag_error(&d, "a.conf", 5, "other file");
	diag_warn(&d, "z.conf", 2, "early");
	diag_error(&d, "z.conf", 9, "late two");
	diag_error(&d, NULL, 0, "no place");
	diag_error(&d, "z.conf", 0, "no line");
	ck_assert_uint_eq(d.count, 6);
	ck_assert_uint_eq(d.errors, 5);
	diag_sort(&d);
	assert_item(&d, 0, "z.conf: no line");
	assert_item(&d, 1, "z.conf:2: warning: early");
	assert_item(&d, 2, "z.conf:9: late one");
	assert_item(&d, 3, "z.conf:9: late two");
	assert_item(&d, 4, "a.conf:5: other file");
	assert_item(&d, 5, "no place");
	diag_fini(&d);
	ck_assert_uint_eq(d.count, 0);
}
END_TEST

START_TEST(many_items)
{
	struct diag d;

	diag_init(&d);
	for (int i = 0; i < 1000; i++)
		diag_error(&d, i % 2 == 0 ? "even" : "odd", 1000 - i, "x");
	diag_sort(&d);
	for (size_t i = 0; i < 1000; i++) {
		ck_assert_str_eq(d.items[i].file, i < 500 ? "even" : "odd");
		if (i % 500 != 0)
			ck_assert_int_gt(d.items[i].line, d.items[i - 1].line);
	}
	diag_fini(&d);
}
END_TEST

START_TEST(cut_to_size)
{
	struct diag d;
	char text[8];

	diag_init(&d);
	diag_error(&d, "f", 1, "abcdefgh");
	ck_assert_int_eq(diag_format(&d, 0, text, sizeof(text)), 13);
	ck_assert_str_eq(text, "f:1: ab");
	diag_fini(&d);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("diag");
	TCase *tc = tcase_create("diag");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, sorted_by_place);
	tcase_add_test(tc, many_items);
	tcase_add_test(tc, cut_to_size);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
