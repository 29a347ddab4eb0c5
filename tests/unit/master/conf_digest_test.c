/*
 * What changes the digest and what does not; the settings of a restart.
 */
#include "master/conf_digest.h"

#include <stdio.h>

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
	/* What is spelt out is what it would be without. */
	{ SERVICE_WITH("slow_start = 0; panic_threshold = 50; health_score = "
		       "false; priority = \"normal\"; depends = [ ]; retry = { "
		       "attempts = 3; factor = 2; on = [ \"connect\", "
		       "\"reset\", \"502\", \"503\", \"504\" ]; }; "),
	    true },
	{ "zone = \"x\";\n" REST, false },
	{ "resolver = { servers = \"::1\"; };\n" REST, false },
	{ "resolver = { max_ttl = \"1m\"; };\n" REST, false },
	{ SERVICE_WITH("slow_start = \"1s\";"), false },
	{ SERVICE_WITH("panic_threshold = 0;"), false },
	{ SERVICE_WITH("health_score = true;"), false },
	{ SERVICE_WITH("priority = \"priority\";"), false },
	/* A group that is off is not one of defaults. */
	{ SERVICE_WITH("health_check = { };"), false },
	{ SERVICE_WITH("passive = { };"), false },
	{ SERVICE_WITH("retry = { factor = 2.001; };"), false },
	{ SERVICE_WITH("retry = { on = [ ]; };"), false },
	{ SERVICE_WITH("pool = { max_connections = 1; };"), false },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\"; "
			   "priority = \"emergency\"; } );",
	    false },
	{ LISTENER ROUTE "services = { be = { endpoints = ( { address = "
			 "\"127.0.0.1:81\"; state = \"drain\"; } ); }; };",
	    false },
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

/* The keys of a group that is off when it is not written. */
START_TEST(health_check_counts)
{
	static const char *const keys[] = { "type = \"tcp\";", "path = \"/x\";",
		"method = \"HEAD\";", "host = \"x\";",
		"headers = ( { set = \"A\"; value = \"1\"; } );",
		"headers = ( { set = \"A\"; value = \"2\"; } );",
		"expect = \"204\";", "body = \"x\";", "port = 1;",
		"interval = \"9s\";", "timeout = \"1s\";", "healthy = 9;",
		"unhealthy = 9;", "" };
	enum { COUNT = sizeof(keys) / sizeof(keys[0]) };
	uint8_t digests[COUNT][32];
	char text[1024];

	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(text, sizeof(text),
		    SERVICE_WITH("health_check = { %s };"), keys[i]);
		digest_of(text, digests[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(memcmp(digests[i], digests[k], 32) != 0,
			    "%s %s", keys[i], keys[k]);
	}
}
END_TEST

/* Also where nothing is written within. */
START_TEST(groups_count)
{
	static const char *const groups[] = { "", "token = { };",
		"passive = { };", "fallback = { respond = { }; };" };
	enum { COUNT = sizeof(groups) / sizeof(groups[0]) };
	uint8_t digests[COUNT][32];
	char text[1024];

	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(
		    text, sizeof(text), SERVICE_WITH("%s"), groups[i]);
		digest_of(text, digests[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(memcmp(digests[i], digests[k], 32) != 0,
			    "%s %s", groups[i], groups[k]);
	}
}
END_TEST

/* Each is another configuration than without it, and than any other. */
START_TEST(telemetry_counts)
{
	static const char *const keys[] = { "",
		"access_log = ( { path = \"/a\"; } );",
		"access_log = ( { path = \"/b\"; } );",
		"access_log = ( { path = \"/a\"; format = \"dev\"; } );",
		"access_log = ( { path = \"/a\"; sample = 0.000001; } );",
		"access_log = ({ path = \"/a\"; when = { slow = \"1s\"; }; });",
		"access_log = ( { path = \"/a\"; query = \"a\"; } );",
		"access_log = ( { path = \"/a\"; headers = \"a\"; } );",
		"access_log = ( { path = \"/a\"; facility = \"user\"; } );",
		"audit_log = ( { path = \"/a\"; } );",
		"audit_log = ( { path = \"/a\"; events = \"banned\"; } );",
		"audit_log = ( { path = \"/a\"; when_full = \"refuse\"; } );",
		"mask = { headers = [ ]; };", "mask = { query = [ ]; };",
		"mask = { text = [ ]; };", "tracing = { };",
		"tracing = { headers = \"A: b\"; };",
		"tracing = { headers = \"A: c\"; };",
		"metrics = { max_histograms = 1; };",
		"recorder = { ring = \"1m\"; };" };
	enum { COUNT = sizeof(keys) / sizeof(keys[0]) };
	uint8_t digests[COUNT][32];
	char text[1024];

	for (size_t i = 0; i < COUNT; i++) {
		(void)snprintf(text, sizeof(text), "%s\n" REST, keys[i]);
		digest_of(text, digests[i]);
		for (size_t k = 0; k < i; k++)
			ck_assert_msg(memcmp(digests[i], digests[k], 32) != 0,
			    "%s %s", keys[i], keys[k]);
	}
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
	    "worker_connections = 65536\nhelpers = 1\npid_file = \"/p\"\n"
	    "log.target = \"stderr\"\nadmin.socket = \"/a\"\n"
	    "admin.address = \nstate_dir = \n"
	    "recorder.ring = \"4m\"\nrecorder.audit_ring = \"1m\"\n";
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
	tcase_add_test(tc, health_check_counts);
	tcase_add_test(tc, groups_count);
	tcase_add_test(tc, telemetry_counts);
	tcase_add_test(tc, environment_counts);
	tcase_add_test(tc, restart);
	return conf_try_run("conf_digest", tc);
}
