/* Tests of authority.c. */
#include <check.h>
#include <stdlib.h>

#include "common/http/authority.h"

START_TEST(good)
{
	static const struct {
		const char *text, *host;
		uint16_t port;
	} rows[] = {
		{ "a", "a", 0 },
		{ "api.example", "api.example", 0 },
		{ "API.Example.:8080", "API.Example.", 8080 },
		{ "a_b~c-d:1", "a_b~c-d", 1 },
		{ "127.0.0.1:65535", "127.0.0.1", 65535 },
		{ "x:00080", "x", 80 },
		{ "[::1]", "[::1]", 0 },
		{ "[2001:DB8::1]:443", "[2001:DB8::1]", 443 },
		{ "[::ffff:192.0.2.1]:80", "[::ffff:192.0.2.1]", 80 },
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct authority a;

		ck_assert_msg(authority_parse(slice_str(rows[i].text), &a),
		    "%s", rows[i].text);
		ck_assert(slice_eq(a.host, slice_str(rows[i].host)));
		ck_assert_uint_eq(a.port, rows[i].port);
	}
}
END_TEST

START_TEST(bad)
{
	static const char *const rows[] = { "", ":", ":80", "a:", "a:0",
		"a:65536", "a:000080", "a:8a", "a:+80", "a: 80", "a:80:80",
		"a b", "a/b", "a,b", "a@b", "user:pw@b", "a%41", "a\\b", "a?",
		"a#", "\x80", "a\x7f", "[", "[]", "[::1", "[::1]x",
		"[::1]:", "[::1]:0", "[::1%25eth0]", "[v1.x]", "[1.2.3.4]",
		"[:::1]", "::1", "[::1]]", "[0:0:0:0:0:0:0:0:0]",
		"[aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]" };

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct authority a;

		ck_assert_msg(
		    !authority_parse(slice_str(rows[i]), &a), "%s", rows[i]);
	}
}
END_TEST

/* What no name has, at each place of longer ones. */
START_TEST(bad_at_each_place)
{
	static const char none[] = "/,@%?# [\x7f\x80`{^";
	char text[40];

	for (size_t n = 1; n <= sizeof(text); n++)
		for (size_t at = 0; at < n; at++)
			for (const char *c = none; *c != '\0'; c++) {
				struct authority a;

				memset(text, 'a', n);
				text[at] = *c;
				ck_assert(
				    !authority_parse(slice_make(text, n), &a));
				text[at] = '_';
				ck_assert(
				    authority_parse(slice_make(text, n), &a));
				ck_assert_uint_eq(a.host.n, n);
			}
}
END_TEST

START_TEST(nul_in_a_literal)
{
	struct authority a;

	ck_assert(!authority_parse(SLICE_LIT("[::1\0x]"), &a));
	ck_assert(!authority_parse(SLICE_LIT("a\0"), &a));
}
END_TEST

START_TEST(name_length)
{
	struct authority a;
	char text[256];

	memset(text, 'a', sizeof(text));
	ck_assert(authority_parse(slice_make(text, 255), &a));
	ck_assert(!authority_parse(slice_make(text, 256), &a));
}
END_TEST

static bool
same(const char *x, const char *y, uint16_t port)
{
	struct authority a, b;

	ck_assert(authority_parse(slice_str(x), &a));
	ck_assert(authority_parse(slice_str(y), &b));
	return authority_eq(&a, &b, port);
}

START_TEST(equality)
{
	ck_assert(same("a.B", "A.b", 80));
	ck_assert(same("a", "a:80", 80));
	ck_assert(same("a:080", "a", 80));
	ck_assert(same("a:443", "a", 443));
	ck_assert(!same("a:443", "a", 80));
	ck_assert(!same("a", "b", 80));
	ck_assert(!same("a", "a.", 80));
	ck_assert(!same("a:81", "a:82", 80));
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("authority");
	TCase *tc = tcase_create("authority");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, good);
	tcase_add_test(tc, bad);
	tcase_add_test(tc, bad_at_each_place);
	tcase_add_test(tc, nul_in_a_literal);
	tcase_add_test(tc, name_length);
	tcase_add_test(tc, equality);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
