/*
 * Tests of line.c: what a log wants, what it takes when it samples.
 */
#include <stdio.h>

#include "tests/unit/tools/line_kit.h"

static uint16_t
why_of(const char *word)
{
	int why = line_why_find(slice_str(word));

	ck_assert_int_ge(why, 0);
	return (uint16_t)why;
}

static bool
wanted(void)
{
	record_kit_make(&kit);
	return line_wants(format, &kit.view);
}

/* Conditions of the record that the kit makes: 502, GET, 12.345 ms. */
static const struct {
	const char *name, *value;
	bool wanted;
} rows[] = {
	{ "status", "502", true },
	{ "status", "5xx", true },
	{ "status", "5XX,404", true },
	{ "status", "404, 500-502", true },
	{ "status", "503-599", false },
	{ "status", "4xx", false },
	{ "why", "connect_failed", true },
	{ "why", "no_route,connect_failed", true },
	{ "why", "no_route", false },
	{ "route", "user", true },
	{ "route", "a,user", true },
	{ "route", "use", false },
	{ "route", "*", true },
	{ "service", "users", true },
	{ "service", "user", false },
	{ "method", "GET", true },
	{ "method", "PUT,GET", true },
	{ "method", "PUT,other", false },
	{ "slow", "12ms", true },
	{ "slow", "12345us", true },
	{ "slow", "12346us", false },
	{ "errors", "", true },
};

START_TEST(wants_by_one_condition)
{
	kit.q.status = 502;
	kit.q.why = why_of("connect_failed");
	ck_assert(wanted());
	line_set(rows[_i].name, rows[_i].value);
	ck_assert_msg(wanted() == rows[_i].wanted, "%s %s", rows[_i].name,
	    rows[_i].value);
	/* Another one that does not hold. */
	line_set("slow", "1h");
	ck_assert(!wanted());
}
END_TEST

START_TEST(wants_errors)
{
	line_set("errors", "");
	ck_assert(!wanted());
	kit.q.why = why_of("respond");
	ck_assert(!wanted());
	kit.q.why = why_of("no_route");
	ck_assert(wanted());
	kit.q.why = UINT16_MAX;
	ck_assert(!wanted());
	/* The last ones of a list of methods or reasons. */
	line_set("why", "no_route");
	ck_assert(!wanted());
	kit.q.why = why_of("no_route");
	kit.q.method = UINT8_MAX;
	ck_assert(wanted());
	line_set("method", "GET");
	ck_assert(!wanted());
	kit.q.method = METHOD_OTHER;
	line_set("method", "other");
	ck_assert(wanted());
}
END_TEST

static const struct {
	unsigned status;
	const char *why;
	enum line_level level;
} levels[] = {
	{ 200, "ok", LINE_INFO },
	{ 302, "https_redirect", LINE_INFO },
	{ 404, "ok", LINE_WARNING },
	{ 404, "no_route", LINE_WARNING },
	{ 0, "tls_failed", LINE_WARNING },
	{ 500, "ok", LINE_ERROR },
	{ 502, "connect_failed", LINE_ERROR },
	{ 200, "connect_failed", LINE_ERROR },
};

START_TEST(tells_how_grave_it_is)
{
	kit.q.status = (uint16_t)levels[_i].status;
	kit.q.why = why_of(levels[_i].why);
	record_kit_make(&kit);
	ck_assert_uint_eq(line_level(&kit.view), levels[_i].level);
}
END_TEST

static unsigned
sampled_of(unsigned count)
{
	unsigned n = 0;
	char id[32];

	for (unsigned i = 0; i < count; i++) {
		kit.text[RECORD_ID] = slice_make(
		    id, (size_t)snprintf(id, sizeof(id), "request-%u", i));
		record_kit_make(&kit);
		n += line_sampled(format, &kit.view);
	}
	return n;
}

START_TEST(samples)
{
	ck_assert_uint_eq(sampled_of(1000), 1000);
	line_set("sample", "0");
	ck_assert_uint_eq(sampled_of(1000), 0);
	line_set("sample", "0.1");
	ck_assert_uint_gt(sampled_of(20000), 1850);
	ck_assert_uint_lt(sampled_of(20000), 2150);
	line_set("sample", "1");
	ck_assert_uint_eq(sampled_of(1000), 1000);
}
END_TEST

/* By the id alone: each log says the same, a larger sample has the smaller. */
START_TEST(samples_alike)
{
	struct line_format *other = line_format_new(NULL);
	char id[32], why[100];
	unsigned both = 0;

	line_set("sample", "0.1");
	ck_assert(line_format_set(other, "sample", "0.3", why, sizeof(why)));
	for (unsigned i = 0; i < 2000; i++) {
		kit.text[RECORD_ID] = slice_make(
		    id, (size_t)snprintf(id, sizeof(id), "request-%u", i));
		kit.q.head.seq = i;
		kit.q.duration_us = i;
		record_kit_make(&kit);
		if (!line_sampled(format, &kit.view))
			continue;
		ck_assert(line_sampled(other, &kit.view));
		both++;
	}
	ck_assert_uint_gt(both, 100);
	line_format_free(other);
}
END_TEST

/* Connections have no id. */
START_TEST(samples_without_an_id)
{
	unsigned n = 0;

	line_set("sample", "0.5");
	kit.text[RECORD_ID] = SLICE_NONE;
	for (unsigned i = 0; i < 1000; i++) {
		kit.q.head.seq = i;
		record_kit_make(&kit);
		n += line_sampled(format, &kit.view);
	}
	ck_assert_uint_gt(n, 400);
	ck_assert_uint_lt(n, 600);
}
END_TEST

START_TEST(keeps_errors)
{
	line_set("sample", "0");
	kit.q.status = 500;
	ck_assert_uint_eq(sampled_of(10), 10);
	format->keep_errors = false;
	ck_assert_uint_eq(sampled_of(10), 0);
	format->keep_errors = true;
	kit.q.status = 404;
	kit.q.why = why_of("no_route");
	ck_assert_uint_eq(sampled_of(10), 0);
	kit.q.why = why_of("connect_failed");
	ck_assert_uint_eq(sampled_of(10), 10);
	kit.q.status = 200;
	kit.q.why = 0;
	ck_assert_uint_eq(sampled_of(10), 0);
	line_set("slow", "12ms");
	ck_assert_uint_eq(sampled_of(10), 10);
	line_set("slow", "13ms");
	ck_assert_uint_eq(sampled_of(10), 0);
}
END_TEST

/* Many lines one behind the other, in a text that grows at every place. */
START_TEST(appends)
{
	const char *formats[] = { "json", "combined", "common", "dev",
		"{path}{path}{path}" };
	size_t at = 0;

	for (unsigned i = 0; i < 500; i++) {
		static char path[4000];
		struct text alone;

		memset(path, 1, sizeof(path));
		kit.text[RECORD_PATH] = slice_make(path, i * 7);
		line_set("format", formats[i % 5]);
		record_kit_make(&kit);
		line_write(format, &kit.view, &line_out);
		text_init(&alone);
		line_write(format, &kit.view, &alone);
		ck_assert(slice_eq(
		    text_slice(&alone), slice_skip(text_slice(&line_out), at)));
		at = line_out.n;
		text_fini(&alone);
	}
}
END_TEST

#define COUNT(rows) (sizeof(rows) / sizeof(rows[0]))

int
main(void)
{
	TCase *tc = tcase_create("line");

	tcase_add_loop_test(tc, wants_by_one_condition, 0, COUNT(rows));
	tcase_add_test(tc, wants_errors);
	tcase_add_loop_test(tc, tells_how_grave_it_is, 0, COUNT(levels));
	tcase_add_test(tc, samples);
	tcase_add_test(tc, samples_alike);
	tcase_add_test(tc, samples_without_an_id);
	tcase_add_test(tc, keeps_errors);
	tcase_add_test(tc, appends);
	return line_suite_run("line", tc);
}
