/*
 * Tests of line_dev.c: lines for people.
 */
#include <pty.h>
#include <unistd.h>

#include "tests/unit/tools/line_kit.h"

START_TEST(says_what_is_as_it_should_be)
{
	line_set("format", "dev");
	ck_assert_str_eq(line_made(),
	    "23:07:12.345 200 GET      12.3ms "
	    "api.example.com/api/v1/users/1000/orders  users 10.1.2.3:9001");
}
END_TEST

START_TEST(says_what_is_not)
{
	line_set("format", "dev");
	line_set("query", "page");
	kit.q.status = 502;
	kit.q.attempts = kit.q.attempts_kept = 2;
	kit.attempts[1] = kit.attempts[0];
	kit.attempts[1].addr.port = 1;
	kit.q.why = (uint16_t)line_why_find(SLICE_LIT("connect_failed"));
	kit.text[RECORD_QUERY] = SLICE_LIT("page=1&x=y");
	ck_assert_str_eq(line_made(),
	    "23:07:12.345 502 GET      12.3ms "
	    "api.example.com/api/v1/users/1000/orders?page=1&x=***  "
	    "users 10.1.2.3:1 attempts: 2  connect failed SVC_002");
}
END_TEST

START_TEST(says_little_of_connections)
{
	memset(&kit, 0, sizeof(kit));
	kit.q.head.kind = RECORD_CONNECTION;
	kit.q.why = (uint16_t)line_why_find(SLICE_LIT("tls_failed"));
	line_set("format", "dev");
	ck_assert_str_eq(
	    line_made(), "00:00:00.000 ---             0us   tls failed");
}
END_TEST

/* What a terminal would obey is shown. */
START_TEST(disarms)
{
	line_set("format", "dev");
	kit.text[RECORD_HOST] = SLICE_LIT("\x1b[31m\"\\");
	kit.text[RECORD_PATH] =
	    SLICE_LIT("/gr\xc3\xbc\xc3\x9f\xff\xc2\x9b\xe2\x80\xae");
	ck_assert_ptr_nonnull(strstr(line_made(),
	    " \\x1B[31m\"\\/gr\xc3\xbc\xc3\x9f\\xFF\\xC2\\x9B"
	    "\\xE2\\x80\\xAE  users"));
}
END_TEST

static const struct {
	unsigned status;
	const char *colour;
} colours[] = {
	{ 0, "\033[35m---\033[0m" },
	{ 200, "\033[32m200\033[0m" },
	{ 304, "\033[36m304\033[0m" },
	{ 404, "\033[33m404\033[0m" },
	{ 503, "\033[31m503\033[0m" },
};

START_TEST(colours_by_the_status)
{
	line_set("format", "dev");
	line_format_set_colours(format, true);
	kit.q.status = (uint16_t)colours[_i].status;
	ck_assert_ptr_nonnull(strstr(line_made(), colours[_i].colour));
}
END_TEST

static const struct {
	uint64_t us;
	const char *text;
} durations[] = {
	{ 0, "      0us " },
	{ 999, "    999us " },
	{ 1000, "    1.0ms " },
	{ 99999, "   99.9ms " },
	{ 100000, "    100ms " },
	{ 999999, "    999ms " },
	{ 1234567, "    1.23s " },
	{ 10000000, "      10s " },
	{ UINT64_MAX, " 18446744073709s " },
};

START_TEST(tells_durations)
{
	line_set("format", "dev");
	kit.q.duration_us = durations[_i].us;
	ck_assert_msg(
	    strstr(line_made(), durations[_i].text) != NULL, "%s", line_out.p);
}
END_TEST

START_TEST(wants_colours_for_terminals)
{
	int terminal[2], fds[2];

	ck_assert_int_eq(pipe(fds), 0);
	ck_assert_int_eq(
	    openpty(&terminal[0], &terminal[1], NULL, NULL, NULL), 0);
	unsetenv("NO_COLOR");
	setenv("TERM", "xterm", 1);
	ck_assert(line_colours(terminal[1]));
	ck_assert(!line_colours(fds[1]));
	setenv("TERM", "dumb", 1);
	ck_assert(!line_colours(terminal[1]));
	setenv("TERM", "xterm", 1);
	setenv("NO_COLOR", "", 1);
	ck_assert(line_colours(terminal[1]));
	setenv("NO_COLOR", "1", 1);
	ck_assert(!line_colours(terminal[1]));
	for (int i = 0; i < 2; i++) {
		close(fds[i]);
		close(terminal[i]);
	}
}
END_TEST

#define COUNT(rows) (sizeof(rows) / sizeof(rows[0]))

int
main(void)
{
	TCase *tc = tcase_create("line_dev");

	tcase_add_test(tc, says_what_is_as_it_should_be);
	tcase_add_test(tc, says_what_is_not);
	tcase_add_test(tc, says_little_of_connections);
	tcase_add_test(tc, disarms);
	tcase_add_loop_test(tc, colours_by_the_status, 0, COUNT(colours));
	tcase_add_loop_test(tc, tells_durations, 0, COUNT(durations));
	tcase_add_test(tc, wants_colours_for_terminals);
	return line_suite_run("line_dev", tc);
}
