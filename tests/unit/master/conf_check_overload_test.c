/*
 * From where on requests are shed: what is wrong, and what the image says.
 */
#include "tests/unit/master/conf_try.h"

#define OVERLOAD(keys) "overload = { " keys " };\n" REST

static const struct conf_case bad[] = {
	{ OVERLOAD("lag = \"4ms\";"),
	    "f:1: overload.lag: 4ms is out of range (\"5ms\" to \"1m\", and 0 "
	    "for no limit)\n" },
	{ OVERLOAD("connections = 1.0;"),
	    "f:1: overload.connections: 1 is out of range (0.0 to 0.99)\n" },
	{ OVERLOAD("connections = -0.5;"),
	    "f:1: overload.connections: -0.5 is out of range (0.0 to 0.99)\n" },
	{ OVERLOAD("memory = \"1m\";"),
	    "f:1: overload.memory: 1m is out of range (\"16m\" to \"1024g\", "
	    "and 0 for no limit)\n" },
	{ OVERLOAD("\nlag = \"0\"; connections = 0.0;"),
	    "f:1: overload: it looks at nothing, since all of it is 0\n" },
	{ OVERLOAD("cpu = 0.9;"),
	    "f:1: unknown key \"cpu\" in \"overload\"\n" },
	{ LISTENER "routes = ( { path = \"/\"; respond = { };\n"
		   "priority = \"emergency\"; } );\n",
	    "f:3: priority: a route with respond sends no request on\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static void
ck_overload(const char *text, struct img_overload want)
{
	const struct img_head *img;
	struct conf_try t;

	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, "");
	img = (const struct img_head *)(const void *)t.c.image;
	ck_assert_uint_eq(img->protect.overload.lag_us, want.lag_us);
	ck_assert_uint_eq(img->protect.overload.connections, want.connections);
	ck_assert_uint_eq(
	    img->protect.overload.memory_bytes, want.memory_bytes);
	conf_try_fini(&t);
}

START_TEST(records)
{
	ck_overload(REST, (struct img_overload){ 0 });
	ck_overload(OVERLOAD(""), (struct img_overload){ 100000, 950, 0 });
	ck_overload(OVERLOAD("lag = \"1s\"; connections = 0.5; memory = "
			     "\"100m\";"),
	    (struct img_overload){ 1000000, 500, 100u << 20 });
	/* A class matters then to what the gateway answers by itself, too. */
	ck_overload("overload = { };\n" LISTENER
		    "routes = ( { path = \"/\"; respond = { }; "
		    "priority = \"emergency\"; } );\n",
	    (struct img_overload){ 100000, 950, 0 });
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, records);
	return conf_try_run("conf_check_overload", tc);
}
