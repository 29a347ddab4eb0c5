/* Tests of build_image.c: what is stored once, and where. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>

#include "master/build_image.h"

static struct image im;

static void
set_up(void)
{
	image_init(&im);
}

static void
tear_down(void)
{
	image_fini(&im);
}

START_TEST(texts)
{
	struct img_str a = image_text(&im, SLICE_LIT("abc"));
	struct img_str b = image_text(&im, SLICE_LIT("abcd"));

	ck_assert_uint_ne(a.off, b.off);
	ck_assert_uint_eq(image_text(&im, SLICE_LIT("abc")).off, a.off);
	ck_assert(slice_eq(image_slice(&im, b), SLICE_LIT("abcd")));
	ck_assert_uint_eq(image_text(&im, SLICE_NONE).len, 0);
}
END_TEST

START_TEST(shared)
{
	static const uint32_t numbers[4] = { 1, 2, 3, 4 };
	struct img_span a = image_shared(&im, numbers, 2, sizeof(numbers[0]));
	struct img_span b = image_shared(&im, numbers, 4, sizeof(numbers[0]));
	struct img_span none = image_shared(&im, numbers, 0, 4);
	uint64_t bytes = im.bytes;

	ck_assert_uint_eq(a.count, 2);
	ck_assert_uint_eq(b.count, 4);
	ck_assert_uint_ne(a.off, b.off);
	ck_assert_mem_eq(image_at(&im, b.off), numbers, sizeof(numbers));
	ck_assert_uint_eq(image_shared(&im, numbers, 2, 4).off, a.off);
	ck_assert_uint_eq(im.bytes, bytes);
	ck_assert_uint_eq(none.count, 0);
}
END_TEST

/* A text with the same bytes stands anywhere; numbers do not. */
START_TEST(alignment)
{
	struct slice s = SLICE_LIT("12345678");
	struct img_str text;
	struct img_span span;

	(void)image_text(&im, SLICE_LIT("x"));
	text = image_text(&im, s);
	ck_assert_uint_ne(text.off % 8, 0);
	span = image_shared(&im, s.p, 1, s.n);
	ck_assert_uint_eq(span.off % 8, 0);
	ck_assert_uint_eq(image_text(&im, s).off, text.off);
	ck_assert_uint_eq(image_shared(&im, s.p, 1, s.n).off, span.off);
}
END_TEST

/* However many there are, while the block and its index grow. */
START_TEST(many)
{
	uint32_t first[2000];

	for (uint64_t i = 0; i < 2000; i++) {
		char text[16];

		first[i] = image_shared(&im, &i, 1, sizeof(i)).off;
		snprintf(text, sizeof(text), "t%u", (unsigned)i);
		(void)image_text(&im, slice_str(text));
	}
	for (uint64_t i = 0; i < 2000; i++) {
		ck_assert_uint_eq(
		    image_shared(&im, &i, 1, sizeof(i)).off, first[i]);
		ck_assert_mem_eq(image_at(&im, first[i]), &i, sizeof(i));
	}
	ck_assert(!im.failed);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("build_image");
	TCase *tc = tcase_create("build_image");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_test(tc, texts);
	tcase_add_test(tc, shared);
	tcase_add_test(tc, alignment);
	tcase_add_test(tc, many);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
