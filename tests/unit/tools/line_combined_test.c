/*
 * Tests of line_combined.c: by the byte what nginx would write.
 */
#include <jansson.h>
#include <stdio.h>
#include <unistd.h>

#include "tests/unit/tools/line_kit.h"

START_TEST(writes_common)
{
	line_set("format", "common");
	ck_assert_str_eq(line_made(),
	    "192.0.2.44 - u-1000 [28/Nov/2026:23:07:12 +0000] "
	    "\"GET /api/v1/users/1000/orders HTTP/1.1\" 200 5120");
}
END_TEST

START_TEST(writes_combined)
{
	line_set("format", "combined");
	kit.q.version = HTTP_2;
	kit.text[RECORD_USER] = SLICE_NONE;
	kit.text[RECORD_AGENT] = SLICE_LIT("curl/8");
	ck_assert_str_eq(line_made(),
	    "192.0.2.44 - - [28/Nov/2026:23:07:12 +0000] "
	    "\"GET /api/v1/users/1000/orders HTTP/2.0\" 200 5120 "
	    "\"https://shop.example/cart\" \"curl/8\"");
	line_never(&format->masks.headers, "user-agent");
	ck_assert_ptr_nonnull(strstr(line_made(), " \"***\""));
}
END_TEST

START_TEST(escapes)
{
	line_set("format", "combined");
	kit.text[RECORD_USER] = SLICE_LIT(" joe [doe ");
	kit.text[RECORD_PATH] = SLICE_LIT("/[ \"\\\x1f\x7f\xc3\xbc%20");
	kit.text[RECORD_REFERER] = SLICE_LIT("\"\n");
	kit.text[RECORD_AGENT] = SLICE_LIT("a\"b\\c\r\n\t");
	ck_assert_str_eq(line_made(),
	    "192.0.2.44 - \\x20joe\\x20\\x5Bdoe\\x20 "
	    "[28/Nov/2026:23:07:12 +0000] "
	    "\"GET /[\\x20\\x22\\x5C\\x1F\\x7F\\xC3\\xBC%20 HTTP/1.1\" 200 "
	    "5120 "
	    "\"\\x22\\x0A\" \"a\\x22b\\x5Cc\\x0D\\x0A\\x09\"");
}
END_TEST

START_TEST(writes_what_is_not_there)
{
	struct addr client = kit.q.client;

	memset(&kit, 0, sizeof(kit));
	kit.q.head =
	    (struct record_head){ .kind = RECORD_CONNECTION, .wall_us = 0 };
	kit.q.client = client;
	line_set("format", "combined");
	ck_assert_str_eq(line_made(),
	    "192.0.2.44 - - [01/Jan/1970:00:00:00 +0000] \"-\" 499 0 "
	    "\"-\" \"-\"");
}
END_TEST

START_TEST(shows_the_query_where_it_is_listed)
{
	kit.text[RECORD_QUERY] = SLICE_LIT("page=3&token=abc");
	line_set("format", "common");
	ck_assert_ptr_nonnull(
	    strstr(line_made(), "/orders?page=***&token=*** HTTP/1.1\""));
	line_set("query", "page");
	ck_assert_ptr_nonnull(
	    strstr(line_made(), "/orders?page=3&token=*** HTTP/1.1\""));
}
END_TEST

/* Zones east and west, of half hours, of another date. */
static const struct {
	const char *zone, *time;
} zones[] = {
	{ "UTC", "[28/Nov/2026:23:07:12 +0000]" },
	{ "XXX-1", "[29/Nov/2026:00:07:12 +0100]" },
	{ "XXX+5", "[28/Nov/2026:18:07:12 -0500]" },
	{ "XXX-5:30", "[29/Nov/2026:04:37:12 +0530]" },
	{ "XXX+3:30", "[28/Nov/2026:19:37:12 -0330]" },
};

START_TEST(tells_local_time)
{
	ck_assert_int_eq(setenv("TZ", zones[_i].zone, 1), 0);
	line_set("format", "common");
	ck_assert_ptr_nonnull(strstr(line_made(), zones[_i].time));
	/* The next second, and back. */
	kit.q.head.wall_us += 1000000;
	ck_assert_ptr_nonnull(strstr(line_made(), ":13 "));
	kit.q.head.wall_us -= 1000000;
	ck_assert_ptr_nonnull(strstr(line_made(), zones[_i].time));
}
END_TEST

/* ---- a real reader ---- */

#define READER_LINES 400

/* Any bytes, and more of those that matter. */
static struct slice
bytes_any(char *room, size_t size, unsigned *seed)
{
	size_t n = (size_t)rand_r(seed) % size;

	for (size_t i = 0; i < n; i++)
		room[i] = (char)(rand_r(seed) % 2 != 0
			? rand_r(seed)
			: "\" \\[]%?/-\n"[rand_r(seed) % 10]);
	return slice_make(room, n);
}

static void
hostile_make(unsigned *seed)
{
	static char room[6][64];
	static const enum record_text texts[] = { RECORD_USER, RECORD_PATH,
		RECORD_QUERY, RECORD_REFERER, RECORD_AGENT, RECORD_HOST };

	for (int i = 0; i < 6; i++)
		kit.text[texts[i]] = bytes_any(room[i], sizeof(room[i]), seed);
	kit.q.status = (uint16_t)(rand_r(seed) % 8 != 0 ? 404 : 0);
	kit.q.version = (uint8_t)(rand_r(seed) % 3);
	kit.q.head.wall_us += rand_r(seed);
}

static long
member_of(const char *path, const char *name)
{
	json_t *all = json_load_file(path, 0, NULL);
	const json_t *general = json_object_get(all, "general");
	long n = json_object_get(general, name) != NULL
	    ? (long)json_integer_value(json_object_get(general, name))
	    : -1;

	json_decref(all);
	return n;
}

/* Whatever clients send, goaccess takes every line for one request. */
START_TEST(goaccess_reads_it)
{
	static const char *const formats[] = { "combined", "common" };
	const char *format_name = formats[_i];
	char folder[] = "/tmp/line_combined_XXXXXX", log[64], report[64];
	char command[256];
	unsigned seed = 3;
	FILE *f;

	ck_assert_ptr_nonnull(mkdtemp(folder));
	(void)snprintf(log, sizeof(log), "%s/log", folder);
	(void)snprintf(report, sizeof(report), "%s/report.json", folder);
	(void)snprintf(command, sizeof(command),
	    "goaccess %s --log-format=%s --no-global-config -o %s "
	    ">/dev/null 2>&1",
	    log, _i == 0 ? "COMBINED" : "COMMON", report);
	f = fopen(log, "w");
	ck_assert_ptr_nonnull(f);
	line_set("format", format_name);
	for (int i = 0; i < READER_LINES; i++) {
		hostile_make(&seed);
		fprintf(f, "%s\n", line_made());
	}
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(system(command), 0);
	ck_assert_int_eq(member_of(report, "valid_requests"), READER_LINES);
	ck_assert_int_eq(member_of(report, "failed_requests"), 0);
	ck_assert_int_eq(member_of(report, "bandwidth"), READER_LINES * 5120);
	(void)unlink(log);
	(void)unlink(report);
	(void)rmdir(folder);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("line_combined");

	tcase_add_test(tc, writes_common);
	tcase_add_test(tc, writes_combined);
	tcase_add_test(tc, escapes);
	tcase_add_test(tc, writes_what_is_not_there);
	tcase_add_test(tc, shows_the_query_where_it_is_listed);
	tcase_add_loop_test(
	    tc, tells_local_time, 0, sizeof(zones) / sizeof(zones[0]));
	tcase_add_loop_test(tc, goaccess_reads_it, 0, 2);
	return line_suite_run("line_combined", tc);
}
