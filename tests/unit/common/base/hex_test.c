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

START_TEST(every_length)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[24];

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 173 + 90);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		char *text = malloc(2 * n);

		hex_write(bytes, n, text);
		for (size_t i = 0; i < n; i++) {
			ck_assert_int_eq(text[2 * i], digits[bytes[i] >> 4]);
			ck_assert_int_eq(
			    text[2 * i + 1], digits[bytes[i] & 15]);
		}
		free(text);
	}
}
END_TEST

/* Each byte in each place of every way of reading, and what case it is of. */
START_TEST(every_byte)
{
	static const size_t lengths[] = { 1, 4, 8, 13 };
	size_t n = lengths[_i];

	for (int c = 0; c < 256; c++)
		for (size_t at = 0; at < 2 * n; at++) {
			char text[27] = "00000000000000000000000000";
			struct slice s = slice_make(text, 2 * n);
			bool lower =
			    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
			bool upper = c >= 'A' && c <= 'F';
			uint8_t bytes[13];

			text[at] = (char)c;
			ck_assert_int_eq(hex_read_lower(s, bytes, n), lower);
			ck_assert_int_eq(hex_read(s, bytes, n), lower || upper);
			for (size_t i = 0; (lower || upper) && i < n; i++) {
				char two[] = { text[2 * i], text[2 * i + 1],
					'\0' };

				ck_assert_int_eq(
				    bytes[i], strtol(two, NULL, 16));
			}
		}
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
	tcase_add_test(tc, every_length);
	tcase_add_loop_test(tc, every_byte, 0, 4);
	suite_add_tcase(s, tc);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
