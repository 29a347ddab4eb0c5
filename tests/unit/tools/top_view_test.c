/*
 * What top makes of two readings of a region: who did how much, who is first,
 * and that a screen is never left.
 */
#include <jansson.h>

#include "shm/histo_own.h"
#include "shm/limit_names.h"
#include "shm/tally.h"
#include "tests/unit/shm/fixture.h"
#include "tools/top_draw.h"
#include "tools/top_numbers.h"
#include "worker/flow/why.h"

static struct region r;
static struct top_sample before, now;
static struct top_view v;
static uint32_t slow, fast, endpoint[3], route, limit;

static uint32_t
endpoint_index(uint32_t service, uint32_t i)
{
	return registry_set(&r, service)->members[i].handle.index;
}

static void
answer(uint32_t w, uint32_t service, uint32_t code, uint64_t us, uint32_t n)
{
	while (n-- != 0) {
		series_add(&r, w, SERIES_REQUEST, route, service, 1, code);
		(void)histo_add(&r, w, HISTO_REQUEST, route, service, us);
	}
}

static void
call(uint32_t w, uint32_t service, uint32_t index, bool ok, uint64_t us)
{
	tally_add(&r, w, index, ok, us);
	(void)histo_add(&r, w, HISTO_UPSTREAM, index, service, us);
}

static void
setup(void)
{
	struct eset_want two[] = { fixture_want(1, 1), fixture_want(2, 1) };
	struct eset_want one[] = { fixture_want(3, 1) };

	fixture_region(&r, 2);
	histo_own_allow(&r, 100);
	slow = registry_service(&r, SLICE_LIT("slow"));
	fast = registry_service(&r, SLICE_LIT("fast"));
	ck_assert(registry_publish_set(&r, slow, two, 2));
	ck_assert(registry_publish_set(&r, fast, one, 1));
	endpoint[0] = endpoint_index(slow, 0);
	endpoint[1] = endpoint_index(slow, 1);
	endpoint[2] = endpoint_index(fast, 0);
	route = registry_route(&r, SLICE_LIT("a route"));
	limit = limit_name_row(&r, SLICE_LIT("calm"));
	/* What was before does not matter. */
	answer(0, slow, 500, 9000000, 50);
	call(0, slow, endpoint[0], false, 9000000);
	counters_why(&r, 0, WHY_INTERNAL);
	top_sample_take(&before, &r);
	before.at_us = 1000000;
	answer(0, slow, 200, 90000, 10);
	answer(1, slow, 503, 90000, 10);
	answer(1, fast, 200, 900, 60);
	answer(0, fast, 404, 900, 20);
	answer(0, REGISTRY_NONE, 404, 5, 100);
	for (int i = 0; i < 10; i++) {
		call(0, slow, endpoint[0], i < 5, 90000);
		call(1, fast, endpoint[2], true, 900);
		counters_why(&r, 1, WHY_NO_ROUTE);
	}
	counters_why(&r, 1, WHY_CONNECT_FAILED);
	counter_add(counters_block(&r, 1), COUNTER_BYTES_OUT, 4096);
	counter_add(counters_block(&r, 0), COUNTER_CONNECTIONS, 7);
	series_add(&r, 0, SERIES_LIMITED, limit, REGISTRY_NONE, 0, 0);
	top_sample_take(&now, &r);
	now.at_us = 3000000;
	now.breakers[now.breaker_count++] = (struct top_breaker_read){ slow,
		endpoint[1], BREAKER_OPEN, 5000000 };
	now.logs[now.log_count++] =
	    (struct top_log_read){ .id = 77, .lines = 9, .lost = 3 };
	now.reader = 1;
	top_view_make(&v, &r, &before, &now, TOP_BY_RATE);
}

static void
teardown(void)
{
	top_view_fini(&v);
	top_sample_fini(&before);
	top_sample_fini(&now);
	region_fini(&r);
}

static void
expect_name(struct slice name, const char *want)
{
	ck_assert_msg(slice_eq(name, slice_str(want)), "%.*s", SLICE_FMT(name));
}

START_TEST(the_whole)
{
	ck_assert_uint_eq(v.us, 2000000);
	ck_assert_uint_eq(v.flow.rate, 100000); /* 200 in 2 s */
	ck_assert_uint_eq(v.flow.failed, 5000); /* 10 of 200 */
	ck_assert_uint_eq(v.flow.refused, 60000);
	/* The first half is as fast as 5 us, in the first bucket. */
	ck_assert_uint_le(v.flow.p50, 10);
	ck_assert_uint_gt(v.flow.p95, 75000);
	ck_assert_uint_le(v.flow.p99, 100000);
	ck_assert_uint_eq(v.connections, 7);
	ck_assert_uint_eq(v.out, 2048000);
	ck_assert_uint_eq(v.in, 0);
}
END_TEST

START_TEST(services)
{
	ck_assert_uint_eq(v.service_count, 3);
	ck_assert_uint_eq(v.services[0].name.n, 0);
	ck_assert_uint_eq(v.services[0].flow.rate, 50000);
	expect_name(v.services[1].name, "fast");
	ck_assert_uint_eq(v.services[1].flow.rate, 40000);
	ck_assert_uint_eq(v.services[1].flow.refused, 25000);
	ck_assert_uint_eq(v.services[1].flow.failed, 0);
	ck_assert_uint_eq(v.services[1].endpoints, 1);
	expect_name(v.services[2].name, "slow");
	ck_assert_uint_eq(v.services[2].flow.failed, 50000);
	ck_assert_uint_eq(v.services[2].endpoints, 2);
	ck_assert_uint_eq(v.services[2].usable, 2);
	top_view_sort(&v, TOP_BY_TIME);
	expect_name(v.services[0].name, "slow");
	expect_name(v.services[1].name, "fast");
	top_view_sort(&v, TOP_BY_NAME);
	expect_name(v.services[0].name, "");
	expect_name(v.services[1].name, "fast");
	top_view_sort(&v, TOP_BY_FAILED);
	expect_name(v.services[0].name, "slow");
	expect_name(v.services[1].name, ""); /* the faster of the rest */
}
END_TEST

START_TEST(endpoints)
{
	ck_assert_uint_eq(v.endpoint_count, 3);
	/* Both 5 per second: by service. */
	expect_name(v.endpoints[0].service, "fast");
	ck_assert_uint_eq(v.endpoints[0].flow.rate, 5000);
	expect_name(v.endpoints[1].name, "10.0.0.1:80");
	ck_assert_uint_eq(v.endpoints[1].flow.failed, 50000);
	ck_assert_uint_gt(v.endpoints[1].flow.p99, 75000);
	ck_assert_uint_le(v.endpoints[1].flow.p99, 100000);
	expect_name(v.endpoints[2].name, "10.0.0.2:80");
	ck_assert_uint_eq(v.endpoints[2].flow.rate, 0);
	ck_assert(v.endpoints[2].flow.p99 == TOP_NONE);
}
END_TEST

/* Whoever has the slot now has done nothing of what was counted before. */
START_TEST(another_endpoint)
{
	struct top_view other;

	before.endpoints[0].tag++;
	top_view_make(&other, &r, &before, &now, TOP_BY_RATE);
	for (uint32_t i = 0; i < other.endpoint_count; i++)
		if (slice_eq(other.endpoints[i].name, SLICE_LIT("10.0.0.1:80")))
			ck_assert_uint_eq(other.endpoints[i].flow.rate, 0);
	top_view_fini(&other);
}
END_TEST

START_TEST(the_rest)
{
	ck_assert_uint_eq(v.reason_count, 2);
	ck_assert_str_eq(v.reasons[0].word, "no_route");
	ck_assert_uint_eq(v.reasons[0].rate, 5000);
	ck_assert_str_eq(v.reasons[1].word, "connect_failed");
	ck_assert_str_eq(v.reasons[1].fault, "upstream");
	ck_assert_uint_eq(v.reasons[1].status, 502);
	ck_assert_uint_eq(v.limit_count, 1);
	expect_name(v.limits[0].name, "calm");
	ck_assert_uint_eq(v.limits[0].rate, 500);
	ck_assert_uint_eq(v.breaker_count, 1);
	expect_name(v.breakers[0].endpoint, "10.0.0.2:80");
	ck_assert_uint_eq(v.worker_count, 2);
	ck_assert_uint_eq(v.workers[0].rate, 65000);
	ck_assert_uint_eq(v.workers[1].rate, 35000);
	ck_assert_uint_eq(v.workers[0].connections, 7);
	/* A log that is new has not written all of it in this interval. */
	ck_assert_uint_eq(v.log_count, 1);
	ck_assert_uint_eq(v.logs[0].lines, 0);
	ck_assert_uint_eq(v.logs[0].lost_so_far, 3);
}
END_TEST

static const struct top_name names[] = { { 77, "access /var/log/a" } };

/* No more lines, and none wider, than the screen has; none of it moves on. */
START_TEST(screens)
{
	static const struct {
		unsigned columns, rows;
	} sizes[] = { { 80, 24 }, { 200, 80 }, { 40, 10 }, { 10, 3 }, { 1, 2 },
		{ 80, 1 } };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (unsigned page = 0; page < TOP_PAGES; page++) {
			struct top_screen s = { .columns = sizes[i].columns,
				.rows = sizes[i].rows,
				.terminal = true,
				.page = (enum top_page)page,
				.names = names,
				.name_count = 1 };
			struct text out = { 0 };
			struct slice left;
			size_t lines = 0;

			top_draw(&s, &v, &out);
			left = text_slice(&out);
			while (left.n != 0) {
				const char *end =
				    memmem(left.p, left.n, "\033[K\r\n", 5);

				ck_assert_ptr_nonnull(end);
				ck_assert_uint_le(
				    (size_t)(end - left.p), sizes[i].columns);
				left = slice_skip(
				    left, (size_t)(end - left.p) + 5);
				lines++;
			}
			ck_assert_uint_lt(lines, sizes[i].rows);
			text_fini(&out);
		}
}
END_TEST

static bool
shows(enum top_page page, unsigned rows, const char *what)
{
	struct top_screen s = { .columns = 120,
		.rows = rows,
		.page = page,
		.names = names,
		.name_count = 1 };
	struct text out = { 0 };
	bool found;

	top_draw(&s, &v, &out);
	found = memmem(out.p, out.n, what, strlen(what)) != NULL;
	text_fini(&out);
	return found;
}

START_TEST(pages)
{
	static const char *const always[] = { "requests  100/s", "5xx 5.0%",
		"7 connections", "generation 0" };
	static const struct {
		enum top_page page;
		const char *what;
	} some[] = { { TOP_SERVICES, "10.0.0.1:80" }, { TOP_ALL, "no_route" },
		{ TOP_REASONS, "connect_failed" }, { TOP_REASONS, "calm" },
		{ TOP_REASONS, "open" }, { TOP_WORKERS, "access /var/log/a" },
		{ TOP_WORKERS, "RESTARTS" } };

	for (unsigned p = 0; p < TOP_PAGES; p++)
		for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
			ck_assert_msg(shows((enum top_page)p, 40, always[i]),
			    "%u %s", p, always[i]);
	for (size_t i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
		ck_assert_msg(
		    shows(some[i].page, 40, some[i].what), "%s", some[i].what);
		/* Without a screen, all of it. */
		ck_assert(shows(TOP_ALL, 0, some[i].what));
	}
	ck_assert(!shows(TOP_WORKERS, 40, "10.0.0.1:80"));
	/* What has no room is said to be there. */
	ck_assert(shows(TOP_SERVICES, 12, "more"));
}
END_TEST

START_TEST(who_hangs)
{
	v.workers[1].slot.state = SLOT_READY;
	v.workers[1].beat_age_us = 900000;
	v.master_age_us = 2400000;
	ck_assert(shows(TOP_WORKERS, 40, "ready"));
	ck_assert(!shows(TOP_WORKERS, 40, "hangs"));
	ck_assert(!shows(TOP_WORKERS, 40, "not heard of"));
	v.workers[1].beat_age_us = 61000000;
	v.master_age_us = 3000000;
	ck_assert(shows(TOP_WORKERS, 40, "hangs 1m"));
	ck_assert(shows(TOP_ALL, 40, "the master was not heard of for 3s"));
	/* Who is not there cannot hang. */
	v.workers[1].slot.state = SLOT_DOWN;
	ck_assert(!shows(TOP_WORKERS, 40, "hangs"));
}
END_TEST

/* A name from elsewhere cannot do anything to a terminal. */
START_TEST(names_are_tame)
{
	v.services[0].name = SLICE_LIT("\033[2Jevil\xc3\xa4");
	ck_assert(shows(TOP_SERVICES, 40, "?[2Jevil??"));
	ck_assert(!shows(TOP_SERVICES, 40, "\033"));
}
END_TEST

START_TEST(as_json)
{
	struct top_screen s = { .names = names, .name_count = 1 };
	struct text out = { 0 };
	json_t *doc, *first;

	top_json(&s, &v, &out);
	doc = json_loadb(out.p, out.n, 0, NULL);
	ck_assert_ptr_nonnull(doc);
	ck_assert_double_eq(
	    json_number_value(json_object_get(doc, "rate")), 100.0);
	ck_assert_double_eq(
	    json_number_value(json_object_get(doc, "failed")), 0.05);
	first = json_array_get(json_object_get(doc, "endpoints"), 2);
	ck_assert(json_is_null(json_object_get(first, "p99_ms")));
	first = json_array_get(json_object_get(doc, "logs"), 0);
	ck_assert_str_eq(json_string_value(json_object_get(first, "log")),
	    "access /var/log/a");
	ck_assert_uint_eq(json_array_size(json_object_get(doc, "workers")), 2);
	json_decref(doc);
	text_fini(&out);
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("top_view");

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, the_whole);
	tcase_add_test(t, services);
	tcase_add_test(t, endpoints);
	tcase_add_test(t, another_endpoint);
	tcase_add_test(t, the_rest);
	tcase_add_test(t, screens);
	tcase_add_test(t, pages);
	tcase_add_test(t, who_hangs);
	tcase_add_test(t, names_are_tame);
	tcase_add_test(t, as_json);
	return fixture_run(t, "top_view");
}
