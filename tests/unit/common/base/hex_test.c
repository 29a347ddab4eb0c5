/*
 * hex_test.c - bytes as digits, and back.
 */
#include "common/base/hex.h"

#include <check.h>
#include <stdint.h>
#include <stdlib.h>

START_TEST(there_and_back)
{
	uint8_t bytes[256], back[256];
	char text[512];

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)i;
	hex_write(bytes, sizeof(bytes), text);
	ck_assert_mem_eq(text, "000102", 6);
	ck_assert_mem_eq(text + 506, "fdfeff", 6);
	ck_assert(hex_read(slice_make(text, sizeof(text)), back, 256));
	ck_assert_mem_eq(bytes, back, sizeof(bytes));
}
END_TEST

START_TEST(read)
{
	static const struct {
		const char *text;
		bool ok;
	} c[] = {
		{ "aBfF", true },
		{ "0000", true },
		{ "abc", false },
		{ "abcde", false },
		{ "abcdef", false },
		{ "", false },
		{ "ab g", false },
		{ "0xab", false },
		{ "ab/f", false },
		{ "ab:f", false },
		{ "ab@f", false },
		{ "abgf", false },
	};
	uint8_t bytes[2];

	ck_assert_int_eq(hex_read(slice_str(c[_i].text), bytes, 2), c[_i].ok);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("hex");
	TCase *tc = tcase_create("hex");
	SRunner *sr;
	int failed;

	tcase_add_test(tc, there_and_back);
	tcase_add_loop_test(tc, read, 0, 12);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
