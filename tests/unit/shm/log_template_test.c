/*
 * Tests of log_template.c: what a template consists of, and what is none.
 */
#include <check.h>
#include <stdlib.h>

#include "common/base/text.h"
#include "shm/log_template.h"

/* The parts as text: 'literal' field H:name R:name Q:name, "!" and the word. */
static void
parts_write(struct slice left, struct text *out)
{
	static const char *const heads[] = { [LOG_PART_HEADER] = "H:",
		[LOG_PART_RESPONSE_HEADER] = "R:",
		[LOG_PART_QUERY] = "Q:" };
	struct log_part part;
	const char *why;

	while (log_template_next(&left, &part, &why)) {
		if (part.kind == LOG_PART_LITERAL)
			text_printf(out, "'%.*s'", SLICE_FMT(part.text));
		else if (part.kind == LOG_PART_FIELD)
			text_add(out, slice_str(log_field_names[part.field]));
		else
			text_printf(out, "%s%.*s", heads[part.kind],
			    SLICE_FMT(part.text));
		text_add_char(out, ' ');
	}
	if (why != NULL)
		text_printf(out, "!%.*s", SLICE_FMT(part.text));
}

static const struct {
	const char *template, *parts;
} rows[] = {
	{ "", "" },
	{ "{client}", "client " },
	{ "{client} {status}\t{duration_ms}",
	    "client ' ' status '\t' duration_ms " },
	{ "a{{b}}c", "'a' '{' 'b' '}' 'c' " },
	{ "{{{path}}}", "'{' path '}' " },
	{ "{header:User-Agent}{response_header:age}{query:page}",
	    "H:User-Agent R:age Q:page " },
	{ "{query:a b}", "Q:a b " },
	{ "{clinet}", "!clinet" },
	{ "x{}", "'x' !" },
	{ "{Client}", "!Client" },
	{ "{header}", "!header" },
	{ "{header:}", "!header" },
	{ "{header:a b}", "!header" },
	{ "{query:}", "!query" },
	{ "{cookie:sid}", "!cookie" },
	{ "{client", "!{" },
	{ "client}", "'client' !}" },
	{ "{", "!{" },
	{ "}", "!}" },
	{ "{a{client}", "!a{client" },
	{ "a\nb", "!a\nb" },
	{ "a\x7f", "!a\x7f" },
};

START_TEST(takes_apart)
{
	struct text out;

	text_init(&out);
	parts_write(slice_str(rows[_i].template), &out);
	ck_assert_msg(slice_eq(text_slice(&out), slice_str(rows[_i].parts)),
	    "%s: %.*s", rows[_i].template, SLICE_FMT(text_slice(&out)));
	text_fini(&out);
}
END_TEST

START_TEST(finds_every_field)
{
	for (unsigned i = 0; i < LOG_FIELD_COUNT; i++)
		ck_assert_uint_eq(
		    log_field_find(slice_str(log_field_names[i])), i);
	ck_assert_uint_eq(log_field_find(SLICE_NONE), LOG_FIELD_COUNT);
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("log_template");
	TCase *tc = tcase_create("log_template");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, takes_apart, 0, sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, finds_every_field);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
