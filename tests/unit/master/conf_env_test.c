/*
 * ${NAME} in strings.
 */
#include "master/conf_env.h"

#include "tests/unit/master/conf_try.h"

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

START_TEST(each_text)
{
	struct conf_try t = { 0 };
	struct text out = { 0 };
	bool ok;

	(void)setenv("CONF_A", "one", 1);
	(void)setenv("CONF_EMPTY", "", 1);
	diag_init(&t.d);
	ok = conf_env_expand(
	    &out, cases[_i].text, "opt", (struct conf_place){ "f", 1 }, &t.d);
	conf_try_end(&t, ok);
	ck_assert_int_eq(ok, cases[_i].result != NULL);
	if (ok)
		ck_assert(
		    slice_eq(text_slice(&out), slice_str(cases[_i].result)));
	ck_assert_str_eq(t.complaints,
	    cases[_i].complaint != NULL ? cases[_i].complaint : "");
	text_fini(&out);
	conf_try_fini(&t);
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
		conf_env_protect(&once, texts[i]);
		text_add_char(&once, '\0');
		ck_assert(conf_env_expand(
		    &twice, once.p, "opt", (struct conf_place){ "f", 1 }, &d));
		ck_assert(slice_eq(text_slice(&twice), slice_str(texts[i])));
		text_fini(&once);
		text_fini(&twice);
		diag_fini(&d);
	}
}
END_TEST

/* Through the whole: the result is checked like any other value. */
START_TEST(in_a_file)
{
	struct conf_try t;

	(void)setenv("CONF_IDLE", "5s", 1);
	(void)setenv("CONF_BAD", "five", 1);
	conf_try_text(&t,
	    "timeouts = { idle = \"${CONF_IDLE}\";\n"
	    "head = \"${CONF_BAD}\"; };\n" REST);
	ck_assert_str_eq(t.complaints,
	    "f:2: timeouts.head: expected a duration such as \"30s\"; "
	    "\"five\" does not start with a digit\n");
	ck_assert_uint_eq(t.c.timeouts.idle, 5000000);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_text, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, protected);
	tcase_add_test(tc, in_a_file);
	return conf_try_run("conf_env", tc);
}
