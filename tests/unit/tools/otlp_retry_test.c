/* Tests of otlp_retry.c: what is tried again, and when. */
#include <check.h>
#include <stdlib.h>

#include "tools/otlp_retry.h"

START_TEST(fates)
{
	for (unsigned status = 0; status < 600; status++) {
		enum otlp_fate want = OTLP_REFUSED;

		if (status >= 200 && status < 300)
			want = OTLP_TAKEN;
		if (status == 0 || status == 429 || status == 502 ||
		    status == 503 || status == 504)
			want = OTLP_AGAIN;
		ck_assert_int_eq(otlp_fate(status), want);
	}
}
END_TEST

START_TEST(delays)
{
	uint64_t us = 0;

	for (int i = 0; i < 7; i++) {
		us = otlp_delay_us(us);
		ck_assert_uint_eq(us, UINT64_C(250000) << i);
	}
	us = otlp_delay_us(us);
	ck_assert_uint_eq(us, 30000000);
	ck_assert_uint_eq(otlp_delay_us(us), 30000000);
}
END_TEST

START_TEST(waits)
{
	ck_assert_uint_eq(otlp_wait_us(1000, 0, 0), 1000);
	ck_assert_uint_eq(otlp_wait_us(1000, 0, 500), 500);
	ck_assert_uint_eq(otlp_wait_us(1000, 0, 501), 1000);
	ck_assert_uint_ge(otlp_wait_us(1000, 0, UINT64_MAX), 500);
	ck_assert_uint_eq(otlp_wait_us(0, 0, 7), 0);
	ck_assert_uint_eq(otlp_wait_us(1000, 700, 500), 700);
	ck_assert_uint_eq(otlp_wait_us(1000, 700, 100), 900);
	ck_assert_uint_eq(otlp_wait_us(1000, 5000, 0), 5000);
	ck_assert_uint_eq(otlp_wait_us(1000, UINT64_MAX, 0), 300000000);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("otlp_retry");
	TCase *t = tcase_create("otlp_retry");
	SRunner *sr;
	int failed;

	tcase_add_test(t, fates);
	tcase_add_test(t, delays);
	tcase_add_test(t, waits);
	suite_add_tcase(s, t);
	sr = srunner_create(s);
	srunner_run_all(sr, CK_NORMAL);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
