/*
 * Tests of shed.c: what is counted before anything is shed, so that the first
 * step of an overload knows what is asked for.
 */
#include "worker/flow/shed.h"

#include <check.h>
#include <stdlib.h>

START_TEST(counted_without_pressure)
{
	struct env e = { 0 };
	struct img_route routes[IMG_CLASS_COUNT] = { 0 };

	for (uint8_t c = 0; c < IMG_CLASS_COUNT; c++) {
		struct req q = { .env = &e };

		routes[c].class = c;
		q.match.route = &routes[c];
		for (uint8_t n = 0; n <= c; n++)
			ck_assert(!shed_refuses(&q));
	}
	for (uint32_t c = 0; c < IMG_CLASS_COUNT; c++)
		ck_assert_uint_eq(e.shed_asked[c], c + 1);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("shed");
	TCase *t = tcase_create("shed");
	SRunner *sr;
	int failed;

	tcase_add_test(t, counted_without_pressure);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
