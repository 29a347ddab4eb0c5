/*
 * Rates, shares and quantiles of what came between two readings.
 */
#include "tools/top_numbers.h"

#include <check.h>
#include <stdlib.h>

START_TEST(rates)
{
	ck_assert_uint_eq(top_grown(5, 12), 7);
	ck_assert_uint_eq(top_grown(12, 5), 0); /* it began anew */
	ck_assert_uint_eq(top_rate(100, 1000000), 100000);
	ck_assert_uint_eq(top_rate(1, 500000), 2000);
	ck_assert_uint_eq(top_rate(1, 3000000), 333);
	/* Bytes, which may be many. */
	ck_assert_uint_eq(
	    top_rate(UINT64_C(50) << 40, 1000000), (UINT64_C(50) << 40) * 1000);
	ck_assert_uint_eq(top_share(0, 0), 0);
	ck_assert_uint_eq(top_share(1, 1), 100000);
	ck_assert_uint_eq(top_share(1, 3), 33333);
}
END_TEST

/* Of histo_bounds_us: 10 25 50 100 250 500 1000 ... */
START_TEST(quantiles)
{
	struct histo_sum h = { 0 };

	ck_assert(top_quantile(&h, 500) == TOP_NONE);
	/* 100 from 25 to 50: half of them up to the middle. */
	h.buckets[2] = 100;
	h.count = 100;
	ck_assert_uint_eq(top_quantile(&h, 500), 38);
	ck_assert_uint_eq(top_quantile(&h, 990), 50);
	ck_assert_uint_eq(top_quantile(&h, 1000), 50);
	/* And 100 from 500 to 1000. */
	h.buckets[6] = 100;
	h.count = 200;
	ck_assert_uint_eq(top_quantile(&h, 500), 50);
	ck_assert_uint_eq(top_quantile(&h, 750), 750);
	/* The first bucket begins at 0. */
	h = (struct histo_sum){ .buckets = { 4 }, .count = 4 };
	ck_assert_uint_eq(top_quantile(&h, 250), 3);
	/* Of the last one nothing is known but where it begins. */
	h = (struct histo_sum){ .count = 10 };
	h.buckets[0] = 9;
	h.buckets[HISTO_BUCKETS - 1] = 1;
	ck_assert_uint_le(top_quantile(&h, 900), 10);
	ck_assert(top_quantile(&h, 950) == TOP_BEYOND);
}
END_TEST

START_TEST(histograms)
{
	struct histo_sum before = {
		.buckets = { 5, 3 }, .sum_us = 40, .count = 8
	};
	struct histo_sum now = {
		.buckets = { 6, 3, 2 }, .sum_us = 100, .count = 11
	};
	struct histo_sum grown;

	top_histo_grown(&before, &now, &grown);
	ck_assert_uint_eq(grown.buckets[0], 1);
	ck_assert_uint_eq(grown.buckets[1], 0);
	ck_assert_uint_eq(grown.buckets[2], 2);
	ck_assert_uint_eq(grown.count, 3);
	ck_assert_uint_eq(grown.sum_us, 60);
	top_histo_add(&grown, &now);
	ck_assert_uint_eq(grown.buckets[0], 7);
	ck_assert_uint_eq(grown.count, 14);
}
END_TEST

START_TEST(texts)
{
	static const struct {
		char *(*text)(uint64_t v, char buf[TOP_TEXT]);
		uint64_t v;
		const char *want;
	} all[] = {
		{ top_time_text, TOP_NONE, "-" },
		{ top_time_text, TOP_BEYOND, ">10s" },
		{ top_time_text, 0, "0us" },
		{ top_time_text, 999, "999us" },
		{ top_time_text, 1000, "1.0ms" },
		{ top_time_text, 12345, "12.3ms" },
		{ top_time_text, 99960, "100ms" },
		{ top_time_text, 123456, "123ms" },
		{ top_time_text, 1250000, "1.3s" },
		{ top_time_text, 9999999, "10.0s" },
		{ top_rate_text, 0, "0" },
		{ top_rate_text, 333, "0.3" },
		{ top_rate_text, 7000, "7.0" },
		{ top_rate_text, 9960, "10" },
		{ top_rate_text, 85499, "85" },
		{ top_rate_text, 1234000, "1234" },
		{ top_rate_text, 9999400, "9999" },
		{ top_rate_text, 9999500, "10.0k" },
		{ top_rate_text, 12345678, "12.3k" },
		{ top_rate_text, 999600000, "1.0M" },
		{ top_rate_text, 123456789000, "123M" },
		{ top_rate_text, UINT64_C(5500000000000), "5.5G" },
		{ top_rate_text, UINT64_MAX, "18447T" },
		{ top_share_text, 0, "0%" },
		{ top_share_text, 3, "<0.01%" },
		{ top_share_text, 10, "0.01%" },
		{ top_share_text, 120, "0.12%" },
		{ top_share_text, 12345, "12.3%" },
		{ top_share_text, 100000, "100%" },
		{ top_age_text, 59, "59s" },
		{ top_age_text, 60, "1m" },
		{ top_age_text, 3900, "1h 5m" },
		{ top_age_text, 187200, "2d 4h" },
	};
	char buf[TOP_TEXT];

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		ck_assert_str_eq(all[i].text(all[i].v, buf), all[i].want);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("top_numbers");
	TCase *t = tcase_create("top_numbers");
	SRunner *sr;
	int failed;

	tcase_add_test(t, rates);
	tcase_add_test(t, quantiles);
	tcase_add_test(t, histograms);
	tcase_add_test(t, texts);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
