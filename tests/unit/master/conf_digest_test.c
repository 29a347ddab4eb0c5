/*
 * What changes the digest and what does not; the settings of a restart.
 */
#include "master/conf_digest.h"

#include "tests/unit/master/conf_try.h"

/* The digest of a text that must be good. */
static void
digest_of(const char *text, uint8_t out[32])
{
	struct conf_try t;

	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, "");
	memcpy(out, t.c.digest, 32);
	conf_try_fini(&t);
}

static const struct {
	const char *text;
	bool same;
} cases[] = {
	{ "# a comment\n\n" REST "# another\n", true },
	{ "environment = \"production\"; workers = 0x0;\n" REST, true },
	{ "timeouts = { head = \"10000ms\"; };\n" REST, true },
	{ "limits = { uri = 8192; };\n" REST, true },
	{ "environment = \"${CONF_DIGEST:-production}\";\n" REST, true },
	{ LISTENER ROUTE "services = ( { name = \"be\"; endpoints = ( "
			 "{ address = \"127.0.0.1:81\"; weight = 1; } ); } );",
	    true },
	{ LISTENER SERVICE "routes = ( { name = \"/\"; path = \"/\"; "
			   "service = \"be\"; hosts = [ ]; } );",
	    true },
	{ "environment = \"test\";\n" REST, false },
	{ "timeouts = { head = \"10001ms\"; };\n" REST, false },
	{ "workers = 1;\n" REST, false },
	{ "group = \"nogroup\";\n" REST, false },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\"; "
			   "methods = \"GET\"; } );",
	    false },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\"; "
			   "match = ( { query = \"x\"; } ); } );",
	    false },
	{ LISTENER ROUTE "services = { be = { endpoints = ( { address = "
			 "\"127.0.0.1:81\"; weight = 2; } ); }; };",
	    false },
};

START_TEST(each_change)
{
	uint8_t plain[32], changed[32];

	digest_of(REST, plain);
	digest_of(cases[_i].text, changed);
	ck_assert_int_eq(memcmp(plain, changed, 32) == 0, cases[_i].same);
}
END_TEST

START_TEST(environment_counts)
{
	static const char text[] = "environment = \"${CONF_DIGEST}\";\n" REST;
	uint8_t one[32], two[32];

	(void)setenv("CONF_DIGEST", "one", 1);
	digest_of(text, one);
	(void)setenv("CONF_DIGEST", "two", 1);
	digest_of(text, two);
	ck_assert_int_ne(memcmp(one, two, 32), 0);
}
END_TEST

START_TEST(restart)
{
	static const char expected[] =
	    "user = \"nobody\"\ngroup = \nworkers = 3\ncpu_affinity = false\n"
	    "worker_connections = 65536\npid_file = \"/p\"\n"
	    "log.target = \"stderr\"\nadmin.socket = \"/a\"\n";
	struct conf_try t;
	char buf[512], little[8];

	conf_try_text(&t,
	    "workers = 3; pid_file = \"/p\";\n"
	    "admin = { socket = \"/a\"; };\n" REST);
	ck_assert_uint_eq(
	    conf_restart_text(&t.c, buf, sizeof(buf)), sizeof(expected) - 1);
	ck_assert_str_eq(buf, expected);
	ck_assert_uint_eq(conf_restart_text(&t.c, little, sizeof(little)),
	    sizeof(expected) - 1);
	ck_assert_str_eq(little, "user = ");
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_change, 0, (int)(sizeof(cases) / sizeof(cases[0])));
	tcase_add_test(tc, environment_counts);
	tcase_add_test(tc, restart);
	return conf_try_run("conf_digest", tc);
}
