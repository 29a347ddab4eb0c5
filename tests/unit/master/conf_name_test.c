/*
 * Names of routes that were given none.
 */
#include <stdio.h>

#include "tests/unit/master/conf_try.h"

#define R(keys) "{ " keys " service = \"be\"; }"

static const struct {
	const char *routes;
	const char *names[4];
} cases[] = {
	{ R("path = \"/a\";") "," R("path = \"/b\";"), { "/a", "/b" } },
	{ R("path = \"/a\"; hosts = \"x\";"), { "/a" } },
	{ R("path = \"/a\"; hosts = \"x\";") "," R(
	      "path = \"/a\"; hosts = [ \"y\", \"z\" ];") "," R("path = "
								"\"/a\";"),
	    { "x/a", "y,z/a", "/a" } },
	{ R("path = \"/a\"; methods = \"GET\";") "," R(
	      "path = \"/a\"; methods = [ \"PUT\", \"POST\" ];"),
	    { "GET /a", "PUT,POST /a" } },
	{ R("path = \"/a\"; hosts = \"x\"; methods = \"GET\";") "," R(
	      "path = \"/a\"; hosts = \"x\"; methods = \"PUT\";") "," R("path "
									"= "
									"\"/"
									"a\";"),
	    { "GET x/a", "PUT x/a", "/a" } },
	{ R("path = \"/a\"; match = ( { query = \"x\"; } );") "," R(
	      "path = \"/a\"; match = ( { query = \"y\"; } );") "," R("path = "
								      "\"/"
								      "a\";"),
	    { "/a", "/a#2", "/a#3" } },
	/* a given name is taken */
	{ R("path = \"/a\";") "," R("name = \"/a\"; path = \"/b\";"),
	    { "/a#2", "/a" } },
	{ R("path = \"/a\"; methods = \"GET\";") "," R(
	      "name = \"/a\"; path = \"/b\";"),
	    { "GET /a", "/a" } },
};

START_TEST(each_set)
{
	char file[2048];
	struct conf_try t;

	(void)snprintf(file, sizeof(file), LISTENER SERVICE "routes = ( %s );",
	    cases[_i].routes);
	conf_try_text(&t, file);
	ck_assert_str_eq(t.complaints, "");
	for (size_t i = 0; i < t.c.route_count; i++)
		ck_assert_str_eq(t.c.routes[i].name, cases[_i].names[i]);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_set, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	return conf_try_run("conf_name", tc);
}
