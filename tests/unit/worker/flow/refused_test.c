/* Tests of refused.c: what is remembered, of whom, and for how long. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "worker/flow/refused.h"

static const uint8_t one[32] = { 1 }, other[32] = { 2 };
static struct refused *r;

static struct mono
at(uint64_t us)
{
	return (struct mono){ us };
}

static void
setup(void)
{
	r = refused_new();
	ck_assert_ptr_nonnull(r);
}

static void
teardown(void)
{
	refused_free(r);
}

START_TEST(for_a_while)
{
	struct slice token = SLICE_LIT("token");

	ck_assert(!refused_lately(r, one, token, at(0)));
	refused_note(r, one, token, at(100));
	ck_assert(refused_lately(r, one, token, at(99)));
	ck_assert(!refused_lately(r, one, token, at(100)));
	refused_note(r, one, token, at(200));
	ck_assert(refused_lately(r, one, token, at(199)));
}
END_TEST

START_TEST(of_one_authenticator)
{
	refused_note(r, one, SLICE_LIT("token"), at(100));
	ck_assert(!refused_lately(r, other, SLICE_LIT("token"), at(1)));
	ck_assert(!refused_lately(r, one, SLICE_LIT("Token"), at(1)));
	ck_assert(!refused_lately(r, one, SLICE_LIT("toke"), at(1)));
	ck_assert(!refused_lately(r, one, SLICE_LIT(""), at(1)));
}
END_TEST

/* However many are refused: some are forgotten, and no good one is taken for
 * one of them. */
START_TEST(many)
{
	unsigned known = 0;
	char text[16];

	for (unsigned n = 0; n < 20000; n++)
		refused_note(r, one,
		    slice_make(
			text, (size_t)snprintf(text, sizeof(text), "bad%u", n)),
		    at(100));
	for (unsigned n = 0; n < 20000; n++) {
		size_t size = (size_t)snprintf(text, sizeof(text), "bad%u", n);

		known += refused_lately(r, one, slice_make(text, size), at(1));
		size = (size_t)snprintf(text, sizeof(text), "good%u", n);
		ck_assert(
		    !refused_lately(r, one, slice_make(text, size), at(1)));
	}
	ck_assert_uint_gt(known, 3000);
	ck_assert_uint_le(known, 4096);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");
	Suite *suite = suite_create("refused");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, for_a_while);
	tcase_add_test(tc, of_one_authenticator);
	tcase_add_test(tc, many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
