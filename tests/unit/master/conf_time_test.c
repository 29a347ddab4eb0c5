/*
 * conf_time_test.c - dates and times, and what looks like them.
 */
#include "master/conf_time.h"

#include "tests/unit/master/conf_try.h"

START_TEST(good)
{
	static const struct {
		const char *text;
		int64_t s;
	} rows[] = {
		{ "1970-01-01", 0 },
		{ "2027-01-01", 1798761600 },
		{ "2028-02-29", 1835395200 },
		{ "2027-01-01T12:00:00Z", 1798804800 },
		{ "2027-01-01t12:00:00z", 1798804800 },
		{ "2027-01-01 12:00:00.999Z", 1798804800 },
		{ "2027-01-01T12:00:00+02:00", 1798797600 },
		{ "2027-01-01T12:00:00-00:30", 1798806600 },
		{ "2016-12-31T23:59:60Z", 1483228799 },
		{ "9999-12-31T23:59:59Z", 253402300799 },
	};
	int64_t s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		ck_assert_msg(
		    conf_time_parse(rows[i].text, &s), "%s", rows[i].text);
		ck_assert_int_eq(s, rows[i].s);
	}
}
END_TEST

START_TEST(bad)
{
	static const char *const rows[] = { "", "2027", "2027-1-1",
		"2027-13-01", "2027-00-01", "2027-01-32", "2027-02-29",
		"2027-02-30T00:00:00Z", "1969-12-31", "2027-01-01T",
		"2027-01-01T12:00:00", "2027-01-01T12:00Z",
		"2027-01-01T24:00:00Z", "2027-01-01T12:60:00Z",
		"2027-01-01T12:00:61Z", "2027-01-01T12:00:00+2:00",
		"2027-01-01T12:00:00+24:00", "2027-01-01T12:00:00Zx",
		"2027-01-01x", " 2027-01-01", "+2027-01-01" };
	int64_t s;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		ck_assert_msg(!conf_time_parse(rows[i], &s), "%s", rows[i]);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_test(tc, good);
	tcase_add_test(tc, bad);
	return conf_try_run("conf_time", tc);
}
