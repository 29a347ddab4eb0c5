/*
 * Tests of debug_token.c: what was made verifies until it expires; nothing
 * else does.
 */
#include "shm/debug_token.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define EXPIRES 1767225600

static const uint8_t key[MAC_BYTES] = "0123456789abcdef0123456789abcde";
static struct mac *mac;
static char token[DEBUG_TOKEN_MAX];
static size_t bytes;

static void
setup(void)
{
	mac = mac_new(key);
	bytes = debug_token_make(mac, EXPIRES, token);
}

static void
teardown(void)
{
	mac_free(mac);
}

static enum debug_token_kind
kind_of(const char *text, size_t n, int64_t now_s)
{
	return debug_token_check(mac, slice_make(text, n), now_s);
}

START_TEST(good_until_it_expires)
{
	ck_assert_uint_eq(bytes, 2 + 10 + 1 + 43);
	ck_assert(memcmp(token, "1.1767225600.", 13) == 0);
	ck_assert_int_eq(kind_of(token, bytes, 0), DEBUG_TOKEN_GOOD);
	ck_assert_int_eq(kind_of(token, bytes, EXPIRES - 1), DEBUG_TOKEN_GOOD);
	ck_assert_int_eq(kind_of(token, bytes, EXPIRES), DEBUG_TOKEN_EXPIRED);
}
END_TEST

START_TEST(every_changed_byte)
{
	static const char other[] = "AZaz09-_.=+ \x01";

	for (size_t i = 0; i < bytes; i++) {
		char forged[DEBUG_TOKEN_MAX];

		memcpy(forged, token, bytes);
		for (size_t c = 0; c < sizeof(other); c++) {
			forged[i] = other[c];
			if (forged[i] != token[i])
				ck_assert_int_eq(
				    kind_of(forged, bytes, 0), DEBUG_TOKEN_BAD);
		}
	}
}
END_TEST

START_TEST(truncated_or_longer)
{
	char longer[2 * DEBUG_TOKEN_MAX] = { 0 };

	memcpy(longer, token, bytes);
	for (size_t n = 0; n < sizeof(longer); n++)
		if (n != bytes)
			ck_assert_int_eq(
			    kind_of(longer, n, 0), DEBUG_TOKEN_BAD);
}
END_TEST

START_TEST(another_key)
{
	static const uint8_t wrong[MAC_BYTES] = { 0 };
	struct mac *theirs = mac_new(wrong);

	bytes = debug_token_make(theirs, EXPIRES, token);
	mac_free(theirs);
	ck_assert_int_eq(kind_of(token, bytes, 0), DEBUG_TOKEN_BAD);
}
END_TEST

/* A time in other words is another token. */
START_TEST(signed_in_another_form)
{
	static const char *const heads[] = { "1.01767225600", "1.",
		"1.1767225600.", "1.-1", "2.1767225600", "1.1767225600000",
		"1.0" };

	for (size_t i = 0; i < sizeof(heads) / sizeof(heads[0]); i++) {
		char text[DEBUG_TOKEN_MAX + 64];
		size_t n = strlen(heads[i]);

		memcpy(text, heads[i], n);
		memcpy(text + n, token + 12, bytes - 12);
		ck_assert_int_eq(
		    kind_of(text, n + bytes - 12, 0), DEBUG_TOKEN_BAD);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("debug_token");
	TCase *t = tcase_create("debug_token");
	SRunner *sr;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, good_until_it_expires);
	tcase_add_test(t, every_changed_byte);
	tcase_add_test(t, truncated_or_longer);
	tcase_add_test(t, another_key);
	tcase_add_test(t, signed_in_another_form);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
