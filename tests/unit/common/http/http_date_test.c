/* Tests of http_date.c: three forms, and what only looks like one. */
#include "common/http/http_date.h"

#include <check.h>
#include <stdlib.h>

#include "common/base/hash.h"

#define US INT64_C(1000000)

static const struct wall now = { 1700000000 * US };

static int64_t
read_s(const char *text)
{
	struct wall t;

	if (!http_date_read(slice_str(text), now, &t))
		return -1;
	ck_assert_int_eq(t.us % US, 0);
	return t.us / US;
}

/* RFC 9110 5.6.7. */
START_TEST(each_form)
{
	ck_assert_int_eq(read_s("Sun, 06 Nov 1994 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(read_s("Sunday, 06-Nov-94 08:49:37 GMT"), 784111777);
	ck_assert_int_eq(read_s("Sun Nov  6 08:49:37 1994"), 784111777);
	ck_assert_int_eq(read_s("Wed Nov 16 08:49:37 1994"), 784975777);
	ck_assert_int_eq(read_s("Thu, 01 Jan 1970 00:00:00 GMT"), 0);
	ck_assert_int_eq(read_s("Tue, 29 Feb 2000 23:59:59 GMT"), 951868799);
	ck_assert_int_eq(read_s("Fri, 31 Dec 9999 23:59:59 GMT"), 253402300799);
	/* A second that was put in. */
	ck_assert_int_eq(read_s("Sat, 31 Dec 2016 23:59:60 GMT"), 1483228800);
}
END_TEST

/* Seen from 2023. */
START_TEST(two_digits_are_a_year_nearby)
{
	ck_assert_int_eq(read_s("Saturday, 01-Jan-00 00:00:00 GMT"), 946684800);
	ck_assert_int_eq(read_s("Tuesday, 01-Jan-30 00:00:00 GMT"), 1893456000);
	ck_assert_int_eq(read_s("Sunday, 01-Jan-73 00:00:00 GMT"), 3250454400);
	ck_assert_int_eq(read_s("Tuesday, 01-Jan-74 00:00:00 GMT"), 126230400);
}
END_TEST

static const char *const bad[] = {
	"",
	" ",
	"Sun, 06 Nov 1994 08:49:37 GMT ",
	" Sun, 06 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 1994 08:49:37",
	"Sun, 06 Nov 1994 08:49:37 UTC",
	"Sun, 06 Nov 1994 08:49:37 gmt",
	"sun, 06 Nov 1994 08:49:37 GMT",
	"Sun, 06 nov 1994 08:49:37 GMT",
	"Sun 06 Nov 1994 08:49:37 GMT",
	"Sun,  6 Nov 1994 08:49:37 GMT",
	"Sun, 6 Nov 1994 08:49:37 GMT",
	"Sun, 06 Nov 94 08:49:37 GMT",
	"Sunday, 06 Nov 1994 08:49:37 GMT",
	"Sun, 06-Nov-94 08:49:37 GMT",
	"Sunday, 06-Nov-1994 08:49:37 GMT",
	"Sun Nov 6 08:49:37 1994",
	"Sun Nov 06 08:49:37 1994 GMT",
	/* Not that day of the week. */
	"Mon, 06 Nov 1994 08:49:37 GMT",
	"Mon Nov  6 08:49:37 1994",
	/* No such time. */
	"Sun, 00 Nov 1994 08:49:37 GMT",
	"Thu, 31 Nov 1994 08:49:37 GMT",
	"Wed, 29 Feb 2001 08:49:37 GMT",
	"Thu, 29 Feb 2100 08:49:37 GMT",
	"Sun, 06 Nov 1994 24:00:00 GMT",
	"Sun, 06 Nov 1994 08:60:37 GMT",
	"Sun, 06 Nov 1994 08:49:61 GMT",
	"Wed, 31 Dec 1969 23:59:59 GMT",
	"Sun, 06 Nov 0000 08:49:37 GMT",
	"784111777",
	"-1",
};

START_TEST(each_bad)
{
	ck_assert_int_eq(read_s(bad[_i]), -1);
}
END_TEST

START_TEST(what_is_written_is_read)
{
	char text[WALL_DATE_BYTES];

	for (uint64_t i = 0; i < 20000; i++) {
		int64_t s = (int64_t)(hash_u64(i) % 253402300800);

		wall_date((struct wall){ s * US }, text);
		ck_assert_msg(read_s(text) == s, "%s", text);
		/* No part of it is one. */
		text[hash_u64(~i) % (WALL_DATE_BYTES - 1)] = '\0';
		ck_assert_msg(read_s(text) == -1, "%s", text);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("http_date");
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, each_form);
	tcase_add_test(tc, two_digits_are_a_year_nearby);
	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, what_is_written_is_read);
	suite_add_tcase(suite, tc);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
