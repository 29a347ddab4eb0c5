/*
 * mac_test.c - HMAC-SHA256 by the examples of RFC 4231, as far as their keys
 * are of our length.
 */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/hex.h"
#include "common/jose/mac.h"

/* A key of zeros behind "Jefe" is "Jefe" to HMAC (RFC 2104 2). */
static const uint8_t jefe[MAC_BYTES] = "Jefe";

static const char expected[] =
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";

static void
check_jefe(struct mac *m)
{
	uint8_t out[MAC_BYTES];
	char text[2 * MAC_BYTES];

	ck_assert(mac_make(m, SLICE_LIT("what do ya want for nothing?"), out));
	hex_write(out, sizeof(out), text);
	ck_assert_mem_eq(text, expected, sizeof(text));
}

START_TEST(again_and_again)
{
	struct mac *m = mac_new(jefe);
	uint8_t out[MAC_BYTES];

	ck_assert_ptr_nonnull(m);
	check_jefe(m);
	ck_assert(mac_make(m, SLICE_LIT("something else"), out));
	check_jefe(m);
	mac_free(m);
}
END_TEST

START_TEST(key_and_text_matter)
{
	uint8_t other[MAC_BYTES] = "Jefe", one[MAC_BYTES], two[MAC_BYTES];
	struct mac *m = mac_new(jefe), *n;

	other[MAC_BYTES - 1] = 1;
	n = mac_new(other);
	ck_assert(mac_make(m, SLICE_LIT("a"), one));
	ck_assert(mac_make(n, SLICE_LIT("a"), two));
	ck_assert_mem_ne(one, two, MAC_BYTES);
	ck_assert(mac_make(m, SLICE_NONE, two));
	ck_assert_mem_ne(one, two, MAC_BYTES);
	mac_free(m);
	mac_free(n);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("mac");
	TCase *tc = tcase_create("mac");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, again_and_again);
	tcase_add_test(tc, key_and_text_matter);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
