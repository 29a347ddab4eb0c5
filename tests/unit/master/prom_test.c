/* Tests of prom.c and prom_accept.c: escapes, numbers, and who wants what. */
#include <check.h>
#include <stdlib.h>

#include "master/prom.h"

static struct text out;

static void
setup(void)
{
	text_init(&out);
}

static void
teardown(void)
{
	text_fini(&out);
}

static void
is(const char *want)
{
	ck_assert_msg(slice_eq(text_slice(&out), slice_str(want)), "%.*s",
	    SLICE_FMT(out));
	text_clear(&out);
}

START_TEST(labels_are_escaped)
{
	prom_add_label(&out, "k", SLICE_LIT("a\"b\\c\nd"));
	is("k=\"a\\\"b\\\\c\\nd\"");
	prom_add_label(&out, "k", SLICE_NONE);
	is("k=\"\"");
}
END_TEST

START_TEST(numbers_are_exact)
{
	prom_add_fixed(&out, 1, 6);
	is("0.000001");
	prom_add_fixed(&out, -1500, 3);
	is("-1.500");
	prom_add_fixed(&out, 0, 0);
	is("0");
	prom_add_fixed(&out, INT64_MAX, 3);
	is("9223372036854775.807");
	prom_add_fixed(&out, INT64_MIN, 0);
	is("-9223372036854775808");
}
END_TEST

/* Quotes in a help are escaped by OpenMetrics alone. */
START_TEST(families_tell_what_they_are)
{
	struct prom p = { .out = &out };

	ck_assert(prom_counter_family(&p, COUNTER_JOBS_US));
	prom_sample(&p);
	prom_u64(&p, 7);
	is("# HELP penstock_helper_job_seconds_total Time from asking for a "
	   "job "
	   "to its result, of those that were done.\n"
	   "# TYPE penstock_helper_job_seconds_total counter\n"
	   "penstock_helper_job_seconds_total 7\n");
	p.open = true;
	ck_assert(prom_counter_family(&p, COUNTER_LIMITS_UNCOUNTED));
	is("# HELP penstock_limits_uncounted Requests that a limit of the "
	   "algorithm \\\"concurrency\\\" let through without counting them, "
	   "because there was no room for their key.\n"
	   "# TYPE penstock_limits_uncounted counter\n");
	ck_assert(!prom_counter_family(&p, COUNTER_SHED_PRIORITY));
	is("");
	prom_family(&p, METRIC_PROCESS_CPU);
	is("# HELP penstock_process_cpu_seconds User and system time of a "
	   "process.\n# TYPE penstock_process_cpu_seconds counter\n"
	   "# UNIT penstock_process_cpu_seconds seconds\n");
}
END_TEST

static bool
wants(const char *accept)
{
	return prom_accept(slice_str(accept));
}

START_TEST(accept_chooses_the_format)
{
	/* Prometheus 2.42 */
	ck_assert(wants("application/openmetrics-text;version=1.0.0,"
			"application/openmetrics-text;version=0.0.1;q=0.75,"
			"text/plain;version=0.0.4;q=0.5,*/*;q=0.1"));
	ck_assert(wants("application/openmetrics-text"));
	ck_assert(wants(
	    " Application/OpenMetrics-Text ; Version=1.0.0 ; charset=utf-8"));
	ck_assert(wants("text/plain;q=0.3, "
			"application/openmetrics-text;version=1.0.0;q=0.3"));
	ck_assert(!wants(""));
	ck_assert(!wants("*/*"));
	ck_assert(!wants("text/plain"));
	ck_assert(!wants("application/openmetrics-text;version=0.0.1"));
	ck_assert(!wants("application/openmetrics-text;q=0"));
	ck_assert(!wants("application/openmetrics-text;q=0.000"));
	ck_assert(!wants("application/openmetrics-text;q=x"));
	ck_assert(!wants("text/plain;q=0.4,"
			 "application/openmetrics-text;version=1.0.0;q=0.35"));
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("prom");
	TCase *tc = tcase_create("prom");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, labels_are_escaped);
	tcase_add_test(tc, numbers_are_exact);
	tcase_add_test(tc, families_tell_what_they_are);
	tcase_add_test(tc, accept_chooses_the_format);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? 0 : 1;
}
