/*
 * Tests of prom_gateway.c, prom_series.c and prom_histo.c: every metric is as
 * the list says, in both formats; sums and cumulative buckets are right.
 */
#include "tests/unit/shm/fixture.h"

#include "common/http/http.h"
#include "master/prom_gateway.h"
#include "shm/control.h"
#include "shm/counters.h"
#include "shm/exemplar.h"
#include "shm/histo_own.h"
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
write_as(bool open)
{
	struct prom p = { .out = &out, .open = open };

	text_clear(&out);
	prom_gateway_write(&region, &p);
	prom_end(&p);
	text_add_char(&out, '\0');
}

static void
write_all(void)
{
	write_as(false);
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

/* ---- the list ---- */

struct found {
	char name[128];   /* of the family that a line stands under */
	char labels[128]; /* each with a comma behind it */
	unsigned families;
};

static void
is_listed(void *ctx, const struct metric_info *i)
{
	struct found *f = ctx;
	size_t n = strlen(f->name);

	if (i->name.n != n || memcmp(i->name.p, f->name, n) != 0)
		return;
	f->families++;
	(void)snprintf(f->labels, sizeof(f->labels), "%.*s%s",
	    SLICE_FMT(i->labels), i->labels.n != 0 ? "," : "");
}

/* "a,b" of name{a="1",b="2"} 3; le is of histograms. */
static void
label_names(const char *line, char *names)
{
	const char *p = strchr(line, '{');
	bool quoted = false;

	for (const char *key = p != NULL ? p + 1 : NULL; key != NULL && *p;
	     p++) {
		if (*p == '\\' && quoted)
			p++;
		else if (*p == '"')
			quoted = !quoted;
		else if (!quoted && *p == '=' && strncmp(key, "le=", 3) != 0)
			names += sprintf(names, "%.*s,", (int)(p - key), key);
		else if (!quoted && (*p == ',' || *p == '}'))
			key = *p == ',' ? p + 1 : NULL;
	}
	*names = '\0';
}

static void
fill_all(void)
{
	uint32_t service = registry_service(&region, SLICE_LIT("be"));
	struct eset_want want = fixture_want(1, 1);
	uint32_t endpoint;

	ck_assert(registry_publish_set(&region, service, &want, 1));
	endpoint = registry_set(&region, service)->members[0].handle.index;
	histo_own_allow(&region, 100);
	series_add(&region, 0, SERIES_REQUEST, 1, service, METHOD_GET, 200);
	series_add(&region, 0, SERIES_UPSTREAM, endpoint, service, 0, 200);
	series_add(&region, 0, SERIES_LIMITED, 0, REGISTRY_NONE, 0, 0);
	histo_add(&region, 0, HISTO_REQUEST, 1, service, 10);
	histo_add(&region, 0, HISTO_UPSTREAM, endpoint, service, 10);
	histo_add(&region, 0, HISTO_OVERHEAD, 0, service, 10);
}

/* Every family is in the list, and its samples have the labels that it says. */
static void
check_list(bool open)
{
	char *save = NULL, names[256];
	struct found f;
	unsigned samples = 0;

	fill_all();
	write_as(open);
	for (char *line = strtok_r(out.p, "\n", &save); line != NULL;
	     line = strtok_r(NULL, "\n", &save)) {
		if (strncmp(line, "# HELP penstock_", 16) == 0) {
			f = (struct found){ 0 };
			(void)sscanf(line + 16, "%127s", f.name);
			metrics_each(is_listed, &f);
			for (int end = 0; open && f.families == 0; end++) {
				ck_assert_msg(
				    end < 2, "%s is in no list", f.name);
				(void)strcat(f.name, end == 0 ? "_total" : "");
				if (end == 1)
					(void)strcpy(
					    strstr(f.name, "_total"), "_info");
				metrics_each(is_listed, &f);
			}
			ck_assert_msg(f.families == 1, "%s: %u times in lists",
			    f.name, f.families);
		}
		if (line[0] == '#')
			continue;
		samples++;
		ck_assert_msg(strncmp(line + 9, f.name, strlen(f.name)) == 0,
		    "%s stands under %s", line, f.name);
		label_names(line, names);
		ck_assert_msg(strcmp(names, f.labels) == 0, "%s has %s, not %s",
		    line, names, f.labels);
	}
	ck_assert_uint_gt(samples, COUNTER_COUNT + 20);
}

START_TEST(everything_is_in_the_list)
{
	check_list(false);
}
END_TEST

START_TEST(everything_is_in_the_list_as_openmetrics)
{
	check_list(true);
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

/* What has no place has its service still, and is the last of its family. */
START_TEST(what_has_no_place_is_other)
{
	uint32_t service = registry_service(&region, SLICE_LIT("be"));

	for (uint32_t a = 0; a < SERIES_MAX; a++)
		series_add(
		    &region, 0, SERIES_REQUEST, a, service, METHOD_GET, 200);
	write_all();
	ck_assert(has("penstock_requests_total{route=\"__other__\","
		      "service=\"be\",method=\"GET\",code=\"200\"} 2048"));
	ck_assert(has("penstock_series_folded_total 2048"));
}
END_TEST

#define DURATION "penstock_request_duration_seconds"

START_TEST(buckets_are_cumulative)
{
	uint32_t service = registry_service(&region, SLICE_LIT("be"));
	uint32_t row = registry_route(&region, SLICE_LIT("/a"));

	histo_own_allow(&region, 1);
	histo_add(&region, 0, HISTO_REQUEST, row, service, 900);
	histo_add(&region, 1, HISTO_REQUEST, row, service, 4000000);
	histo_add(&region, 1, HISTO_REQUEST, row, service, 3600000000);
	histo_add(&region, 1, HISTO_REQUEST, row + 1, service, 1000000);
	histo_add(&region, 1, HISTO_REQUEST, row + 2, service, 1000000);
	write_all();
	ck_assert(has(
	    DURATION "_bucket{route=\"/a\",service=\"be\",le=\"0.0005\"} 0"));
	ck_assert(has(
	    DURATION "_bucket{route=\"/a\",service=\"be\",le=\"0.001\"} 1"));
	ck_assert(
	    has(DURATION "_bucket{route=\"/a\",service=\"be\",le=\"5.0\"} 2"));
	ck_assert(
	    has(DURATION "_bucket{route=\"/a\",service=\"be\",le=\"+Inf\"} 3"));
	ck_assert(
	    has(DURATION "_sum{route=\"/a\",service=\"be\"} 3604.000900"));
	ck_assert(has(DURATION "_count{route=\"/a\",service=\"be\"} 3"));
	ck_assert(has(DURATION
	    "_bucket{route=\"__other__\",service=\"be\",le=\"1.0\"} 2"));
	ck_assert(has(DURATION "_count{route=\"__other__\",service=\"be\"} 2"));
}
END_TEST

START_TEST(openmetrics_has_units_and_examples)
{
	uint32_t row = registry_route(&region, SLICE_LIT("/a"));
	const struct exemplar e = { .trace_id = { 0x4b, 0xf9, [15] = 0x36 },
		.us = 900,
		.wall_us = 1600000000123456 };

	histo_own_allow(&region, 1);
	exemplar_add(&region,
	    histo_add(&region, 0, HISTO_REQUEST, row, REGISTRY_NONE, e.us), &e);
	write_as(true);
	ck_assert(has(DURATION
	    "_bucket{route=\"/a\",service=\"\",le=\"0.001\"} 1 # {trace_id=\""
	    "4bf90000000000000000000000000036\"} 0.000900 1600000000.123"));
	ck_assert(has("# UNIT penstock_request_duration_seconds seconds"));
	ck_assert(has("# TYPE penstock_requests counter"));
	ck_assert(has("# TYPE penstock_build info"));
	ck_assert(
	    has("penstock_build_info{version=\"" PENSTOCK_VERSION "\"} 1"));
	ck_assert_str_eq(out.p + out.n - sizeof("# EOF\n"), "# EOF\n");
	write_all();
	ck_assert(has("# TYPE penstock_build_info gauge"));
	ck_assert_ptr_null(strstr(out.p, "trace_id"));
	ck_assert_ptr_null(strstr(out.p, "# EOF"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("prom_gateway");

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, everything_is_in_the_list);
	tcase_add_test(tc, everything_is_in_the_list_as_openmetrics);
	tcase_add_test(tc, counters_are_summed_over_workers);
	tcase_add_test(tc, series_bear_names);
	tcase_add_test(tc, what_has_no_place_is_other);
	tcase_add_test(tc, buckets_are_cumulative);
	tcase_add_test(tc, openmetrics_has_units_and_examples);
	return fixture_run(tc, "prom_gateway");
}
