/* Tests of codec.c: every error has a name of its own. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/codec.h"

START_TEST(error_names)
{
	for (unsigned i = 0; i <= CODEC_REFUSED; i++) {
		const char *name = codec_error_name((enum codec_error)i);

		ck_assert_ptr_nonnull(name);
		ck_assert_str_ne(name, "");
		for (unsigned k = 0; k < i; k++)
			ck_assert_str_ne(
			    name, codec_error_name((enum codec_error)k));
	}
	ck_assert_str_eq(codec_error_name(CODEC_BAD_HOST), "bad_host");
	ck_assert_str_eq(
	    codec_error_name((enum codec_error)(CODEC_REFUSED + 1)), "");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("codec");
	TCase *tc = tcase_create("codec");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, error_names);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
