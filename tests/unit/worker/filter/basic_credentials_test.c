/* Tests of basic_credentials.c: what is taken of the Basic scheme. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/base64.h"
#include "worker/filter/basic_credentials.h"

static char room[BASIC_TEXT_MAX], text_room[16384];
static struct basic_credentials got;

static struct slice
encode(struct slice bytes)
{
	struct base64_writer w = { { 0 }, 0 };
	size_t n = base64_write(&w, &bytes, text_room, sizeof(text_room));

	return slice_make(text_room, n + base64_write_end(&w, text_room + n));
}

static bool
take(struct slice bytes)
{
	return basic_credentials_read(encode(bytes), room, &got);
}

static bool
take_text(const char *text)
{
	return basic_credentials_read(slice_str(text), room, &got);
}

static void
assert_got(struct slice user, struct slice password)
{
	ck_assert(slice_eq(got.user, user));
	ck_assert(slice_eq(got.password, password));
}

START_TEST(user_and_password)
{
	/* RFC 7617 2 and 2.1. */
	ck_assert(take_text("QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
	assert_got(SLICE_LIT("Aladdin"), SLICE_LIT("open sesame"));
	ck_assert(take_text("dGVzdDoxMjPCow=="));
	assert_got(SLICE_LIT("test"), SLICE_LIT("123\xc2\xa3"));
	ck_assert(take(SLICE_LIT("a:b:c")));
	assert_got(SLICE_LIT("a"), SLICE_LIT("b:c"));
	ck_assert(take(SLICE_LIT("a:")));
	assert_got(SLICE_LIT("a"), SLICE_LIT(""));
	ck_assert(take(SLICE_LIT("a: ")));
	assert_got(SLICE_LIT("a"), SLICE_LIT(" "));
}
END_TEST

START_TEST(no_canonical_base64)
{
	static const char *const texts[] = { "", "=",
		"====", "YTpi=", "YTpi====", "YTo", "YTo=x", "YTp", "YTpi YTpi",
		" YTpi", "YTpi\n", "YTpi,", "YTpi-",
		"YTpi_w==", "YTq=", "YR==", "YQ==OmI=", "YTpi!", "Y" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_msg(!take_text(texts[i]), "%s", texts[i]);
	/* The last bits of "YTo=" ("a:") must be zero. */
	ck_assert(take_text("YTo="));
	ck_assert(!take_text("YTp="));
	/* A NUL in the text itself. */
	ck_assert(!basic_credentials_read(SLICE_LIT("YT\0i"), room, &got));
}
END_TEST

START_TEST(no_credentials)
{
	static const struct slice rows[] = { { "a", 1 }, { "abc", 3 },
		{ ":", 1 }, { ":b", 2 }, { "a\0:b", 4 }, { "a:\0", 3 },
		{ "a:b\0", 4 }, { "a:b\r\nX: y", 9 }, { "a\x1f:b", 4 },
		{ "a:b\x7f", 4 }, { "\t:b", 3 }, { "a:\xff", 3 },
		{ "a:\xc0\xaf", 4 }, { "a:\xe2\x82", 4 },
		{ "a:\xed\xa0\x80", 5 }, { "\xc2:b", 3 } };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(!take(rows[i]), "row %zu", i);
}
END_TEST

START_TEST(as_long_as_may_be)
{
	char bytes[5000];

	memset(bytes, 'x', sizeof(bytes));
	bytes[BASIC_USER_MAX] = ':';
	ck_assert(
	    take(slice_make(bytes, BASIC_USER_MAX + 1 + BASIC_PASSWORD_MAX)));
	ck_assert_uint_eq(got.user.n, BASIC_USER_MAX);
	ck_assert_uint_eq(got.password.n, BASIC_PASSWORD_MAX);
	ck_assert(
	    !take(slice_make(bytes, BASIC_USER_MAX + 2 + BASIC_PASSWORD_MAX)));
	bytes[BASIC_USER_MAX] = 'x';
	bytes[BASIC_USER_MAX + 1] = ':';
	ck_assert(!take(slice_make(bytes, BASIC_USER_MAX + 2)));
	bytes[1] = ':';
	ck_assert(take(slice_make(bytes, 2 + BASIC_PASSWORD_MAX)));
	ck_assert(!take(slice_make(bytes, 3 + BASIC_PASSWORD_MAX)));
	ck_assert(!take(slice_make(bytes, 4096)));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");
	Suite *suite = suite_create("basic_credentials");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, user_and_password);
	tcase_add_test(tc, no_canonical_base64);
	tcase_add_test(tc, no_credentials);
	tcase_add_test(tc, as_long_as_may_be);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
