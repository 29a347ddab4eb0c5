/*
 * Literals that libconfig's versions read differently, and "@include" lines.
 */
#include "master/conf_scan.h"
#include "tests/unit/master/conf_try.h"

#define LONG_NEEDED                                                           \
	": a number above 2147483647 needs an L behind it: some versions of " \
	"libconfig cut it to 32 bits\n"
#define OCTAL                                                                \
	": a number must not begin with 0: some versions of libconfig read " \
	"it "                                                                \
	"as octal\n"
#define HEX                                                                   \
	": a hexadecimal number of more than 7 digits needs an L behind it, " \
	"or "                                                                 \
	"is read as a negative one\n"
#define COMMA                                                        \
	": a comma before it is a syntax error in some versions of " \
	"libconfig\n"
#define KIND                                                           \
	": binary and octal numbers are not known to all versions of " \
	"libconfig\n"
#define TWICE \
	": write the backslash twice: not all versions of libconfig keep it\n"

static const struct conf_case literals[] = {
	{ "a = 2147483647; b = -2147483648; c = 0; d = +7;", "" },
	{ "a = 2147483648;", "f:1: 2147483648" LONG_NEEDED },
	{ "a = 2147483648L; b = 9223372036854775807LL;", "" },
	{ "a = 9223372036854775808L;",
	    "f:1: 9223372036854775808L: the number is too large\n" },
	{ "a = 99999999999999999999999999999999999999999;",
	    "f:1: 9999999999999999999999999999999999999999: "
	    "the number is too large\n" },
	{ "a = 010;", "f:1: 010" OCTAL },
	{ "a = -00;", "f:1: -00" OCTAL },
	{ "a = 0.5; b = 1e+3; c = 0e0;", "" },
	{ "a = 0x7FFFFFF;", "" },
	{ "a = 0x0FFFFFFF;", "f:1: 0x0FFFFFFF" HEX },
	{ "a = 0xFFFFFFFFL;", "" },
	{ "a = 0xFFFFFFFFFFFFFFFFFL;",
	    "f:1: 0xFFFFFFFFFFFFFFFFFL: the number is too large\n" },
	{ "a = 0b101;", "f:1: 0b101" KIND },
	{ "a = 0o17;", "f:1: 0o17" KIND },
	{ "\n a = (1, 2, /* x */\n # y\n );", "f:4: )" COMMA },
	{ "a = [1,\n2,];", "f:2: ]" COMMA },
	{ "a = { b = 1, c = 2, };", "" },
	{ "a = \"x\\x00y\";", "f:1: \\x00: a string cannot hold a NUL\n" },
	{ "a = \"\\\\x00 \\x41 \\d \\. \\\" 010\";", "" },
	{ "a = \"\\bx\";", "f:1: \\b" TWICE },
	{ "# 010\n// 010\n/* 010\n 010 */ a = 1;", "" },
	{ "a010 = 1; b-010 = 1; *010 = 1;", "" },
	{ "a = \"x\n 010 \"; b = 010;", "f:2: 010" OCTAL },
};

static void
scan_text(struct conf_scan *s, const char *text, struct diag *d)
{
	int line = 0;

	while (*text != '\0') {
		size_t n = strcspn(text, "\n");

		conf_scan_line(s, (struct conf_place){ "f", ++line },
		    slice_make(text, n), d);
		text += n + (text[n] == '\n');
	}
}

START_TEST(each_literal)
{
	const struct conf_case *k = &literals[_i];
	struct conf_scan s = { 0 };
	struct diag d;
	struct text all = { 0 };
	char line[512];

	diag_init(&d);
	scan_text(&s, k->text, &d);
	for (size_t i = 0; i < d.count; i++) {
		(void)diag_format(&d, i, line, sizeof(line));
		text_printf(&all, "%s\n", line);
	}
	text_add_char(&all, '\0');
	ck_assert_str_eq(all.p, k->complaints);
	ck_assert_int_eq(s.refused, k->complaints[0] != '\0');
	ck_assert_int_eq(s.state, CONF_SCAN_PLAIN);
	text_fini(&all);
	diag_fini(&d);
}
END_TEST

START_TEST(open_ends)
{
	struct conf_scan s = { 0 };
	struct diag d;

	diag_init(&d);
	scan_text(&s, "a = 1; /* b\n\n", &d);
	ck_assert_int_eq(s.state, CONF_SCAN_COMMENT);
	ck_assert_int_eq(s.began.line, 1);
	scan_text(&s, "*/ c = \"x", &d);
	ck_assert_int_eq(s.state, CONF_SCAN_STRING);
	ck_assert_str_eq(s.first_long.file, "f");
	scan_text(&s, "\n\"", &d);
	ck_assert_int_eq(s.state, CONF_SCAN_PLAIN);
	ck_assert_uint_eq(d.count, 0);
	diag_fini(&d);
}
END_TEST

START_TEST(include_lines)
{
	static const struct {
		const char *line, *path;
	} cases[] = {
		{ "@include \"a.conf\"", "a.conf" },
		{ " \t@include\t \"b c\"  # why", "b c" },
		{ "@include \"a\" // why", "a" },
		{ "@include \"a\"\r", "a" },
		{ "@include \"\"", "" },
		{ "@include \"a\" b = 1;", NULL },
		{ "@include \"a", NULL },
		{ "@include a", NULL },
		{ "@included \"a\"", NULL },
		{ "@include", NULL },
		{ "x @include \"a\"", NULL },
	};
	struct conf_scan s = { 0 };
	struct slice path;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bool found =
		    conf_scan_include(&s, slice_str(cases[i].line), &path);

		ck_assert_int_eq(found, cases[i].path != NULL);
		if (found)
			ck_assert(slice_eq(path, slice_str(cases[i].path)));
	}
	s.state = CONF_SCAN_STRING;
	ck_assert(!conf_scan_include(&s, slice_str("@include \"a\""), &path));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_literal, 0, (int)(sizeof(literals) / sizeof(literals[0])));
	tcase_add_test(tc, open_ends);
	tcase_add_test(tc, include_lines);
	return conf_try_run("conf_scan", tc);
}
