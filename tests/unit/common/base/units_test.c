/* Tests of units.c: what is read, what is refused and why, and back. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/units.h"

struct reading {
	const char *text;
	uint64_t want;
	const char *why; /* NULL: is read */
};

typedef bool parse_fn(const char *text, uint64_t *n, const char **why);

static void
check_reading(parse_fn *parse, const struct reading *r)
{
	uint64_t n = 12345;
	const char *why = "unset";
	bool read = parse(r->text, &n, &why);

	if (r->why == NULL) {
		ck_assert_msg(read, "%s: %s", r->text, why);
		ck_assert_uint_eq(n, r->want);
		return;
	}
	ck_assert_msg(!read, "%s was read", r->text);
	ck_assert_msg(strstr(why, r->why) != NULL, "%s: %s", r->text, why);
	ck_assert(!parse(r->text, &n, NULL));
}

static const struct reading durations[] = {
	{ "0", 0, NULL },
	{ "0s", 0, NULL },
	{ "100us", 100, NULL },
	{ "250ms", 250000, NULL },
	{ "30s", 30000000, NULL },
	{ "5m", 300000000, NULL },
	{ "1h", 3600000000, NULL },
	{ "7d", 604800000000, NULL },
	{ "213503982d", 18446744044800000000u, NULL },
	{ "213503983d", 0, "too large" },
	{ "18446744073709551616us", 0, "too large" },
	{ "30", 0, "no unit" },
	{ "", 0, "empty" },
	{ "s", 0, "digit" },
	{ "-1s", 0, "sign" },
	{ "+1s", 0, "sign" },
	{ "1.5s", 0, "fraction" },
	{ "1 s", 0, "unknown unit" },
	{ " 1s", 0, "digit" },
	{ "1s ", 0, "unknown unit" },
	{ "1S", 0, "unknown unit" },
	{ "1m30s", 0, "unknown unit" },
};

static const struct reading sizes[] = {
	{ "0", 0, NULL },
	{ "512", 512, NULL },
	{ "16k", 16384, NULL },
	{ "16K", 16384, NULL },
	{ "10m", 10485760, NULL },
	{ "2G", UINT64_C(2) << 30, NULL },
	{ "18446744073709551615", UINT64_MAX, NULL },
	{ "17179869184g", 0, "too large" },
	{ "1kb", 0, "unknown unit" },
	{ "1t", 0, "unknown unit" },
	{ "0x10", 0, "unknown unit" },
	{ "k", 0, "digit" },
};

START_TEST(duration_read)
{
	for (size_t i = 0; i < sizeof(durations) / sizeof(durations[0]); i++)
		check_reading(units_duration, &durations[i]);
}
END_TEST

START_TEST(size_read)
{
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		check_reading(units_size, &sizes[i]);
}
END_TEST

static const struct reading decimals[] = {
	{ "2", 2000, NULL },
	{ "2.0", 2000, NULL },
	{ "0.5", 500, NULL },
	{ "1.125", 1125, NULL },
	{ "0.010", 10, NULL },
	{ "18446744073709551.615", UINT64_MAX, NULL },
	{ "18446744073709551.616", 0, "too large" },
	{ "18446744073709552", 0, "too large" },
	{ "1.1250", 0, "more than three digits" },
	{ "1.", 0, "no digits after the point" },
	{ ".5", 0, "digit" },
	{ "-1.5", 0, "sign" },
	{ "1,5", 0, "not a number" },
	{ "1.5x", 0, "not a number" },
	{ "", 0, "empty" },
};

START_TEST(decimal_read)
{
	for (size_t i = 0; i < sizeof(decimals) / sizeof(decimals[0]); i++)
		check_reading(units_decimal, &decimals[i]);
}
END_TEST

/* The same grammar, with more digits. */
START_TEST(share_read)
{
	static const struct reading shares[] = {
		{ "1.0", 1000000, NULL },
		{ "0.0001", 100, NULL },
		{ "0.000001", 1, NULL },
		{ "0.0000010", 0, "more than six digits" },
		{ "1.", 0, "no digits after the point" },
		{ "18446744073710", 0, "too large" },
	};
	char buf[32];

	for (size_t i = 0; i < sizeof(shares) / sizeof(shares[0]); i++)
		check_reading(units_share, &shares[i]);
	ck_assert_str_eq(units_share_text(1000000, buf, sizeof(buf)), "1.0");
	ck_assert_str_eq(units_share_text(10, buf, sizeof(buf)), "0.00001");
	ck_assert_str_eq(units_share_text(0, buf, sizeof(buf)), "0.0");
}
END_TEST

START_TEST(rate_read)
{
	uint64_t count, per;
	const char *why = NULL;

	ck_assert(units_rate("1000/min", &count, &per, &why));
	ck_assert_uint_eq(count, 1000);
	ck_assert_uint_eq(per, 60000000);
	ck_assert(units_rate("5/s", &count, &per, &why));
	ck_assert_uint_eq(per, 1000000);
	ck_assert(units_rate("5/hour", &count, &per, &why));
	ck_assert_uint_eq(per, 3600000000);
	ck_assert(units_rate("5/day", &count, &per, &why));
	ck_assert_uint_eq(per, 86400000000);
	ck_assert(units_rate("5/month", &count, &per, &why));
	ck_assert_uint_eq(per, 2592000000000);
	ck_assert(!units_rate("5", &count, &per, &why));
	ck_assert_ptr_nonnull(strstr(why, "no period"));
	ck_assert(!units_rate("5/week", &count, &per, &why));
	ck_assert_ptr_nonnull(strstr(why, "unknown period"));
	ck_assert(!units_rate("5/", &count, &per, NULL));
	ck_assert(!units_rate("/s", &count, &per, NULL));
	ck_assert(!units_rate("-5/s", &count, &per, NULL));
}
END_TEST

START_TEST(texts_are_shortest)
{
	static const struct reading texts[] = {
		{ "0", 0, NULL },
		{ "90s", 90000000, NULL },
		{ "1500ms", 1500000, NULL },
		{ "2m", 120000000, NULL },
		{ "1d", 86400000000, NULL },
		{ "1us", 1, NULL },
	};
	char buf[32];

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		ck_assert_str_eq(
		    units_duration_text(texts[i].want, buf, sizeof(buf)),
		    texts[i].text);
	ck_assert_str_eq(units_size_text(16384, buf, sizeof(buf)), "16k");
	ck_assert_str_eq(units_size_text(16385, buf, sizeof(buf)), "16385");
	ck_assert_str_eq(units_size_text(0, buf, sizeof(buf)), "0");
	ck_assert_str_eq(units_size_text(3 << 20, buf, sizeof(buf)), "3m");
	ck_assert_str_eq(units_decimal_text(2000, buf, sizeof(buf)), "2.0");
	ck_assert_str_eq(units_decimal_text(0, buf, sizeof(buf)), "0.0");
	ck_assert_str_eq(units_decimal_text(1120, buf, sizeof(buf)), "1.12");
	ck_assert_str_eq(units_decimal_text(10005, buf, sizeof(buf)), "10.005");
	ck_assert_str_eq(units_rate_text(7, 1000000, buf, sizeof(buf)), "7/s");
	ck_assert_str_eq(
	    units_rate_text(1000, 60000000, buf, sizeof(buf)), "1000/min");
	ck_assert_str_eq(
	    units_rate_text(1, 2592000000000, buf, sizeof(buf)), "1/month");
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("units");
	TCase *tc = tcase_create("units");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, duration_read);
	tcase_add_test(tc, size_read);
	tcase_add_test(tc, decimal_read);
	tcase_add_test(tc, share_read);
	tcase_add_test(tc, rate_read);
	tcase_add_test(tc, texts_are_shortest);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
