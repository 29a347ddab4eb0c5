/*
 * line_kit.h - a record, a format made of words, and the line that they give.
 */
#ifndef TESTS_UNIT_TOOLS_LINE_KIT_H
#define TESTS_UNIT_TOOLS_LINE_KIT_H

#include <check.h>
#include <stdlib.h>

#include "tests/unit/record_kit.h"
#include "tools/line_inside.h"

static struct record_kit kit;
static struct line_format *format;
static struct text line_out;

static void
line_open(void)
{
	ck_assert_int_eq(setenv("TZ", "UTC", 1), 0);
	record_kit_init(&kit);
	format = line_format_new(NULL);
	text_init(&line_out);
}

static void
line_close(void)
{
	line_format_free(format);
	text_fini(&line_out);
}

static inline void
line_set(const char *name, const char *value)
{
	char why[200] = "";

	ck_assert_msg(line_format_set(format, name, value, why, sizeof(why)),
	    "%s %s: %s", name, value, why);
}

static inline void
line_never(struct names *names, const char *name)
{
	names_add(names, slice_str(name), &format->arena);
}

/* NUL-terminated, until the next one; without its end, which was there. */
static inline const char *
line_made(void)
{
	record_kit_make(&kit);
	text_clear(&line_out);
	line_write(format, &kit.view, &line_out);
	ck_assert_uint_gt(line_out.n, 0);
	ck_assert_int_eq(line_out.p[line_out.n - 1], '\n');
	ck_assert(memchr(line_out.p, '\n', line_out.n - 1) == NULL);
	line_out.p[line_out.n - 1] = '\0';
	return line_out.p;
}

static inline int
line_suite_run(const char *name, TCase *tc)
{
	Suite *suite = suite_create(name);
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, line_open, line_close);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

#endif
