/*
 * Which services need which: dangling names and circles.
 */
#include "tests/unit/master/conf_try.h"

#define NEEDS(name, list)                                               \
	name " = { endpoints = ( { address = \"127.0.0.1:81\"; } ); \n" \
	     "depends = " list "; };\n"
#define SERVICES(all) LISTENER PING "services = {\n" all "};\n"

static const struct conf_case bad[] = {
	{ SERVICES(NEEDS("users", "\"user\"")),
	    "f:5: depends: there is no service \"user\"; did you mean "
	    "\"users\"?\n" },
	{ SERVICES(NEEDS("a", "[ \"elsewhere\" ]")),
	    "f:5: depends: there is no service \"elsewhere\"\n" },
	{ SERVICES(NEEDS("a", "\"a\"")),
	    "f:5: depends: service \"a\" depends on itself\n" },
	{ SERVICES(NEEDS("a", "[ ]") NEEDS("b", "[ \"a\", \"a\" ]")),
	    "f:7: depends: \"a\" is there twice\n" },
	{ SERVICES(NEEDS("a", "\"b\"") NEEDS("b", "\"a\"")),
	    "f:7: depends: services need each other in a circle: a -> b -> "
	    "a\n" },
	/* The way into a circle is no part of it. */
	{ SERVICES(NEEDS("a", "\"b\"") NEEDS("b", "\"c\"")
		  NEEDS("c", "[ \"d\", \"b\" ]") NEEDS("d", "[ ]")),
	    "f:9: depends: services need each other in a circle: b -> c -> "
	    "b\n" },
	/* Each circle once. */
	{ SERVICES(NEEDS("a", "[ \"b\", \"c\" ]") NEEDS("b", "\"a\"")
		  NEEDS("c", "\"a\"")),
	    "f:7: depends: services need each other in a circle: a -> b -> a\n"
	    "f:9: depends: services need each other in a circle: a -> c -> "
	    "a\n" },
	{ SERVICES(NEEDS("a", "3")),
	    "f:5: depends: expected a string or an array of strings, got an "
	    "integer\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

/* Two ways to one service are no circle. */
START_TEST(diamond)
{
	const struct conf_service *s;
	struct conf_try t;

	conf_try_text(&t,
	    SERVICES(NEEDS("a", "[ \"b\", \"c\" ]") NEEDS("b", "\"d\"")
		    NEEDS("c", "\"d\"") NEEDS("d", "[ ]")));
	ck_assert_str_eq(t.complaints, "");
	s = t.c.services;
	ck_assert_uint_eq(s[0].depends.count, 2);
	ck_assert_uint_eq(s[0].depend_indexes[0], 1);
	ck_assert_uint_eq(s[0].depend_indexes[1], 2);
	ck_assert_uint_eq(s[2].depend_indexes[0], 3);
	conf_try_fini(&t);
}
END_TEST

/* As deep as there are services: the search does not nest. */
START_TEST(long_chain)
{
	enum { COUNT = 4096 };
	struct text all = { 0 };
	struct conf_try t;

	text_add(&all, slice_str(LISTENER PING "services = {\n"));
	for (int i = 0; i < COUNT; i++)
		text_printf(&all,
		    "s%d = { endpoints = ( { address = \"127.0.0.1:81\"; } ); "
		    "depends = \"s%d\"; };\n",
		    i, (i + 1) % COUNT);
	text_add(&all, slice_str("};\n"));
	text_add_char(&all, '\0');
	conf_try_text(&t, all.p);
	ck_assert_uint_eq(t.d.errors, 1);
	ck_assert_ptr_nonnull(strstr(t.d.items[0].text, "-> s4095 -> s0"));
	conf_try_fini(&t);
	text_fini(&all);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, diamond);
	tcase_add_test(tc, long_chain);
	return conf_try_run("conf_check_depends", tc);
}
