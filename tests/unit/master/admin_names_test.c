/*
 * Tests of admin_names.c: the document and the metrics.
 */
#include "master/admin_names.h"

#include "tests/unit/master/names_kit.h"

static struct text out;

static void
teardown(void)
{
	text_fini(&out);
	kit_teardown();
}

static bool
has(const char *text)
{
	return memmem(out.p, out.n, text, strlen(text)) != NULL;
}

START_TEST(every_name_and_its_state)
{
	struct resolve_name *n;

	(void)kit_image(
	    "a = { endpoints = ( { address = \"n.b:80\"; }, "
	    "{ address = \"m.b:80\"; }, { address = \"o.b:80\"; } ); };");
	n = kit_answer("n.b", (const uint8_t[]){ 2, 1, 0 });
	n = kit_answer("m.b", (const uint8_t[]){ 3, 0 });
	n->fails = 2;
	n->failed_us = n->ok_us;
	n->why = "no \"answer\"";
	names.ok = 5;
	names.failed = 7;
	admin_names_write(&names, &out);
	ck_assert(
	    has("\"name\":\"n.b\",\"kind\":\"host\",\"state\":\"resolved\""));
	ck_assert(has("\"addresses\":[\"10.0.0.1\",\"10.0.0.2\"]"));
	ck_assert(
	    has("\"name\":\"m.b\",\"kind\":\"host\",\"state\":\"failing\""));
	ck_assert(has("\"failures\":2,"));
	ck_assert(has("\"error\":\"no \\\"answer\\\"\""));
	ck_assert(has("\"state\":\"unresolved\",\"configured\":true,"
		      "\"age\":null,"));
	text_clear(&out);
	admin_names_prom(&names, &(struct prom){ .out = &out });
	ck_assert(has("penstock_names{state=\"resolved\"} 1\n"));
	ck_assert(has("penstock_names{state=\"failing\"} 1\n"));
	ck_assert(has("penstock_names{state=\"unresolved\"} 1\n"));
	ck_assert(has("{outcome=\"ok\"} 5\n"));
	ck_assert(has("{outcome=\"failed\"} 7\n"));
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("admin_names");

	tcase_add_checked_fixture(tc, kit_setup, teardown);
	tcase_add_test(tc, every_name_and_its_state);
	return fixture_run(tc, "admin_names");
}
