/* Tests of own.c: what a Max-Forwards says. The answers are in plays. */
#include <check.h>
#include <stdlib.h>

#include "worker/flow/own.h"

static const struct {
	const char *value;
	bool readable;
	uint32_t left;
} rows[] = {
	{ "0", true, 0 },
	{ "10", true, 10 },
	{ "007", true, 7 },
	{ "99999999999999999999999999999999", true, 100000 },
	{ "", false, 0 },
	{ "-1", false, 0 },
	{ "+1", false, 0 },
	{ "1 ", false, 0 },
	{ "1, 2", false, 0 },
	{ "0x1", false, 0 },
	{ "/", false, 0 },
	{ ":", false, 0 },
};

START_TEST(max_forwards)
{
	struct field f = { SLICE_LIT("Max-Forwards"), slice_str(rows[_i].value),
		FIELD_MAX_FORWARDS };
	struct req q = { .head = { .count = 1,
			     .fields = &f,
			     .present = UINT64_C(1) << FIELD_MAX_FORWARDS } };
	uint32_t left = 0;

	ck_assert_int_eq(own_max_forwards(&q, &left), rows[_i].readable);
	if (rows[_i].readable)
		ck_assert_uint_eq(left, rows[_i].left);
}
END_TEST

START_TEST(no_max_forwards)
{
	struct req q = { .head = { .count = 0 } };
	uint32_t left;

	ck_assert(!own_max_forwards(&q, &left));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("own");
	TCase *tc = tcase_create("own");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, max_forwards, 0, (int)(sizeof(rows) / sizeof(rows[0])));
	tcase_add_test(tc, no_max_forwards);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
