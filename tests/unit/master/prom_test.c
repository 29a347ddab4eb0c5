/*
 * Tests of prom.c: every metric has its help once, labels are escaped, sums
 * and cumulative buckets are right.
 */
#include "tests/unit/shm/fixture.h"

#include "common/http/http.h"
#include "master/prom.h"
#include "shm/control.h"
#include "shm/counters.h"
#include "shm/histo.h"
#include "shm/limit_names.h"
#include "worker/flow/why.h"

static struct region region;
static struct text out;

static void
setup(void)
{
	fixture_region(&region, 2);
	text_init(&out);
}

static void
teardown(void)
{
	text_fini(&out);
	region_fini(&region);
}

static void
write_all(void)
{
	text_clear(&out);
	prom_write(&region, &out);
	text_add_char(&out, '\0');
}

/* The whole line stands there. */
static bool
has(const char *line)
{
	size_t n = strlen(line);

	for (const char *p = out.p; (p = strstr(p, line)) != NULL; p++)
		if ((p == out.p || p[-1] == '\n') && p[n] == '\n')
			return true;
	return false;
}

START_TEST(labels_are_escaped)
{
	prom_label(&out, "k", SLICE_LIT("a\"b\\c\nd"));
	ck_assert(
	    slice_eq(text_slice(&out), SLICE_LIT("k=\"a\\\"b\\\\c\\nd\"")));
}
END_TEST

START_TEST(every_sample_follows_its_help)
{
	char name[128] = "", *save = NULL;
	unsigned samples = 0;
	size_t n = 0;

	counters_why(&region, 0, 0);
	histo_add(&region, 0, HISTO_REQUEST, REGISTRY_NONE, 10);
	write_all();
	for (char *line = strtok_r(out.p, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (sscanf(line, "# TYPE %127s", name) == 1)
			n = strlen(name);
		if (line[0] == '#')
			continue;
		samples++;
		ck_assert_msg(strncmp(line, name, n) == 0, "%s stands under %s",
		    line, name);
	}
	ck_assert_uint_gt(samples, COUNTER_COUNT + 20);
}
END_TEST

START_TEST(counters_are_summed_over_workers)
{
	counter_add(counters_block(&region, 0), COUNTER_CONNECTIONS, 3);
	counter_add(counters_block(&region, 1), COUNTER_CONNECTIONS, 4);
	counter_add(counters_block(&region, 1), COUNTER_JOBS_US, 2000450);
	counters_why(&region, 0, WHY_BAD_REQUEST);
	counters_why(&region, 1, WHY_BAD_REQUEST);
	control_reload_done(&region, RELOAD_FAILED, 5000000);
	write_all();
	ck_assert(has("penstock_connections 7"));
	ck_assert(has("# TYPE penstock_connections gauge"));
	ck_assert(has("penstock_helper_job_seconds_total 2.000450"));
	ck_assert(has("penstock_replies_total{why=\"bad_request\"} 2"));
	ck_assert(has("penstock_config_last_reload_success 0"));
	ck_assert(has("penstock_config_last_reload_timestamp_seconds 0.000"));
	ck_assert(has("penstock_config_reloads_total{outcome=\"failed\"} 1"));
	control_reload_done(&region, RELOAD_UNCHANGED, 7250000);
	write_all();
	ck_assert(has("penstock_config_last_reload_success 1"));
	ck_assert(has("penstock_config_last_reload_timestamp_seconds 7.250"));
}
END_TEST

START_TEST(series_bear_names)
{
	uint32_t service = registry_service(&region, SLICE_LIT("be"));
	uint32_t row = registry_route(&region, SLICE_LIT("/a \"b\""));
	struct eset_want want = fixture_want(1, 1);

	ck_assert(registry_publish_set(&region, service, &want, 1));
	series_add(&region, 0, SERIES_REQUEST, row, service, METHOD_GET, 200);
	series_add(&region, 1, SERIES_REQUEST, row, service, METHOD_GET, 200);
	series_add(&region, 1, SERIES_REQUEST, row, service, METHOD_OTHER, 501);
	series_add(&region, 1, SERIES_UPSTREAM,
	    registry_set(&region, service)->members[0].handle.index, service, 0,
	    503);
	for (uint32_t w = 0; w < 2; w++)
		series_add(&region, w, SERIES_LIMITED,
		    limit_name_row(&region, SLICE_LIT("per \"ip\"")),
		    REGISTRY_NONE, 0, 0);
	write_all();
	ck_assert(
	    has("penstock_rate_limited_total{limit=\"per \\\"ip\\\"\"} 2"));
	ck_assert(has("penstock_requests_total{route=\"/a \\\"b\\\"\","
		      "service=\"be\",method=\"GET\",code=\"200\"} 2"));
	ck_assert(has("penstock_requests_total{route=\"/a \\\"b\\\"\","
		      "service=\"be\",method=\"other\",code=\"501\"} 1"));
	ck_assert(has("penstock_upstream_requests_total{service=\"be\","
		      "endpoint=\"10.0.0.1:80\",code=\"503\"} 1"));
}
END_TEST

START_TEST(buckets_are_cumulative)
{
	uint32_t service = registry_service(&region, SLICE_LIT("be"));

	histo_add(&region, 0, HISTO_REQUEST, service, 900);
	histo_add(&region, 1, HISTO_REQUEST, service, 4000000);
	histo_add(&region, 1, HISTO_REQUEST, service, 3600000000);
	write_all();
	ck_assert(has("penstock_request_duration_seconds_bucket"
		      "{service=\"be\",le=\"0.0005\"} 0"));
	ck_assert(has("penstock_request_duration_seconds_bucket"
		      "{service=\"be\",le=\"0.001\"} 1"));
	ck_assert(has("penstock_request_duration_seconds_bucket"
		      "{service=\"be\",le=\"5\"} 2"));
	ck_assert(has("penstock_request_duration_seconds_bucket"
		      "{service=\"be\",le=\"+Inf\"} 3"));
	ck_assert(has("penstock_request_duration_seconds_sum{service=\"be\"} "
		      "3604.000900"));
	ck_assert(
	    has("penstock_request_duration_seconds_count{service=\"be\"} 3"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("prom");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, labels_are_escaped);
	tcase_add_test(tc, every_sample_follows_its_help);
	tcase_add_test(tc, counters_are_summed_over_workers);
	tcase_add_test(tc, series_bear_names);
	tcase_add_test(tc, buckets_are_cumulative);
	return fixture_run(tc, "prom");
}
