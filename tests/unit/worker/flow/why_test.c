/* Tests of the reason table: closed, complete, without doubles. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/http/http.h"
#include "shm/layout.h"
#include "worker/flow/why.h"

START_TEST(every_reason_is_complete)
{
	const struct why_info *w = &why_table[_i];

	ck_assert_uint_gt(strlen(w->word), 0);
	ck_assert_uint_gt(strlen(w->help), 0);
	ck_assert((w->status == 0) == (w->grpc == GRPC_OK));
	if (w->status == 0)
		return;
	ck_assert_uint_ge(w->status, 300);
	ck_assert_uint_gt(strlen(w->code), 0);
	ck_assert_uint_gt(http_reason(w->status).n, 0);
	ck_assert(slice_eq(slice_str(w->title), http_reason(w->status)));
	ck_assert_int_ne(w->fault, FAULT_NOBODY);
}
END_TEST

START_TEST(words_are_unique)
{
	for (int j = 0; j < _i; j++)
		ck_assert_str_ne(why_table[_i].word, why_table[j].word);
}
END_TEST

START_TEST(faults_have_names)
{
	ck_assert_str_eq(why_fault_name(FAULT_NOBODY), "nobody");
	ck_assert_str_eq(why_fault_name(FAULT_GATEWAY), "gateway");
	ck_assert_int_le(WHY_COUNT, WHYS_MAX);
}
END_TEST

START_TEST(codec_errors_have_reasons)
{
	ck_assert_int_eq(why_of_codec(CODEC_BAD_VERSION), WHY_BAD_VERSION);
	ck_assert_int_eq(why_of_codec(CODEC_URI_TOO_LONG), WHY_URI_TOO_LONG);
	ck_assert_int_eq(
	    why_of_codec(CODEC_TOO_MANY_FIELDS), WHY_HEAD_TOO_LARGE);
	ck_assert_int_eq(why_of_codec(CODEC_BAD_EXPECT), WHY_BAD_EXPECT);
	ck_assert_int_eq(
	    why_of_codec(CODEC_LENGTH_AND_CODING), WHY_BAD_REQUEST);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("why");
	TCase *tc = tcase_create("why");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, every_reason_is_complete, 0, WHY_COUNT);
	tcase_add_loop_test(tc, words_are_unique, 0, WHY_COUNT);
	tcase_add_test(tc, faults_have_names);
	tcase_add_test(tc, codec_errors_have_reasons);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
