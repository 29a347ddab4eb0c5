/* Rows by name: kept, made once, and the overflow when there is no more room.
 */
#include "shm/limit_names.h"
#include "tests/unit/shm/fixture.h"

static struct region r;

START_TEST(rows_keep_their_place)
{
	uint32_t a, b;

	fixture_region(&r, 1);
	ck_assert_uint_eq(limit_name_of(&r, 0).n, 0);
	a = limit_name_row(&r, SLICE_LIT("a"));
	b = limit_name_row(&r, SLICE_LIT("ab"));
	ck_assert_uint_ne(a, b);
	ck_assert_uint_ne(a, 0);
	ck_assert_uint_eq(limit_name_row(&r, SLICE_LIT("a")), a);
	ck_assert_uint_eq(limit_name_row(&r, SLICE_LIT("ab")), b);
	ck_assert(slice_eq(limit_name_of(&r, b), SLICE_LIT("ab")));
	ck_assert(slice_eq(limit_name_of(&r, 0), SLICE_LIT("__other__")));
	ck_assert_uint_eq(limit_name_of(&r, b + 1).n, 0);
	ck_assert_uint_eq(limit_name_of(&r, UINT32_MAX).n, 0);
	region_fini(&r);
}
END_TEST

START_TEST(when_full)
{
	char name[16];
	uint32_t row = 0;

	fixture_region(&r, 1);
	for (uint32_t i = 1; i < LIMIT_ROWS_MAX; i++) {
		(void)snprintf(name, sizeof(name), "n%u", i);
		row = limit_name_row(&r, slice_str(name));
		ck_assert_uint_eq(row, i);
	}
	ck_assert_uint_eq(limit_name_row(&r, SLICE_LIT("more")), 0);
	ck_assert_uint_eq(limit_name_row(&r, slice_str(name)), row);
	ck_assert(slice_eq(limit_name_of(&r, row), slice_str(name)));
	region_fini(&r);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("limit_names");
	TCase *tc = tcase_create("limit_names");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, rows_keep_their_place);
	tcase_add_test(tc, when_full);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
