/*
 * ${NAME} in strings.
 */
#include "common/base/environ.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
	const char *text, *result, *complaint; /* NULL: none */
} cases[] = {
	{ "plain", "plain", NULL },
	{ "", "", NULL },
	{ "${CONF_A}", "one", NULL },
	{ "<${CONF_A}${CONF_A}>", "<oneone>", NULL },
	{ "${CONF_EMPTY}", "", NULL },
	{ "${CONF_EMPTY:-two}", "two", NULL },
	{ "${CONF_NONE:-two}", "two", NULL },
	{ "${CONF_NONE:-}", "", NULL },
	{ "${CONF_A:-two}", "one", NULL },
	{ "$${CONF_A}", "${CONF_A}", NULL },
	{ "$$${CONF_A}", "$${CONF_A}", NULL },
	{ "$5 $ {x} {y} $", "$5 $ {x} {y} $", NULL },
	{ "${CONF_NONE}", NULL,
	    "f:1: opt: the environment variable CONF_NONE is not set\n" },
	{ "${CONF_A", NULL,
	    "f:1: opt: a ${ without its } (a literal ${ is written $${)\n" },
	{ "${}", NULL,
	    "f:1: opt: expected ${NAME} or ${NAME:-default}, got ${} (a "
	    "literal ${ is written $${)\n" },
	{ "${CONF A}", NULL,
	    "f:1: opt: expected ${NAME} or ${NAME:-default}, got ${CONF A} (a "
	    "literal ${ is written $${)\n" },
	{ "${X1}${X2}", NULL,
	    "f:1: opt: the environment variable X1 is not set\n"
	    "f:1: opt: the environment variable X2 is not set\n" },
};

/* All complaints, a line each. */
static void
said(const struct diag *d, char *text, size_t size)
{
	size_t n = 0;

	text[0] = '\0';
	for (size_t i = 0; i < d->count; i++) {
		n += (size_t)diag_format(d, i, text + n, size - n);
		n += (size_t)snprintf(text + n, size - n, "\n");
	}
}

START_TEST(each_text)
{
	const char *want = cases[_i].complaint;
	struct text out = { 0 };
	char complaints[512];
	struct diag d;
	bool ok;

	(void)setenv("CONF_A", "one", 1);
	(void)setenv("CONF_EMPTY", "", 1);
	diag_init(&d);
	ok = environ_expand(&out, cases[_i].text, "opt", "f", 1, &d);
	ck_assert_int_eq(ok, cases[_i].result != NULL);
	if (ok)
		ck_assert(
		    slice_eq(text_slice(&out), slice_str(cases[_i].result)));
	said(&d, complaints, sizeof(complaints));
	ck_assert_str_eq(complaints, want != NULL ? want : "");
	text_fini(&out);
	diag_fini(&d);
}
END_TEST

/* What is protected comes back. */
START_TEST(protected)
{
	static const char *const texts[] = { "", "a", "${", "$${x}", "$$",
		"{${}$" };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct text once = { 0 }, twice = { 0 };
		struct diag d;

		diag_init(&d);
		environ_protect(&once, texts[i]);
		text_add_char(&once, '\0');
		ck_assert(environ_expand(&twice, once.p, "opt", "f", 1, &d));
		ck_assert(slice_eq(text_slice(&twice), slice_str(texts[i])));
		text_fini(&once);
		text_fini(&twice);
		diag_fini(&d);
	}
}
END_TEST

int
main(void)
{
	Suite *suite = suite_create("environ");
	TCase *tc = tcase_create("environ");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(
	    tc, each_text, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, protected);
	suite_add_tcase(suite, tc);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
