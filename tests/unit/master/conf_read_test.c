/*
 * Files into typed values: good ones, and bad ones with every complaint.
 */
#include "tests/unit/master/conf_try.h"

static const struct conf_case bad[] = {
	/* keys */
	{ "worker = 1;\n" REST,
	    "f:1: unknown key \"worker\"; did you mean \"workers\"?\n" },
	{ "zebra = 1;\n" REST, "f:1: unknown key \"zebra\"\n" },
	{ "timeouts = { idel = \"1s\"; };\n" REST,
	    "f:1: unknown key \"idel\" in \"timeouts\"; did you mean "
	    "\"idle\"?\n" },
	{ LISTENER "services = { be = {\n"
		   "endpoints = ( { address = \"127.0.0.1:81\";\n"
		   "wieght = 2; } ); }; };\n" ROUTE,
	    "f:4: unknown key \"wieght\" in an endpoint; did you mean "
	    "\"weight\"?\n" },
	/* types */
	{ "workers = \"4\";\n" REST,
	    "f:1: workers: expected an integer, got a string\n" },
	{ "workers = 1.5;\n" REST,
	    "f:1: workers: expected an integer, got a fraction\n" },
	{ "cpu_affinity = 1;\n" REST,
	    "f:1: cpu_affinity: expected true or false, got an integer\n" },
	{ "user = true;\n" REST,
	    "f:1: user: expected a string, got a boolean\n" },
	{ "timeouts = { idle = 30; };\n" REST,
	    "f:1: timeouts.idle: expected a duration such as \"30s\", got an "
	    "integer\n" },
	{ "timeouts = { idle = \"30\"; };\n" REST,
	    "f:1: timeouts.idle: expected a duration such as \"30s\"; \"30\" "
	    "has no unit (ms, s, m, h, d)\n" },
	{ "timeouts = \"1s\";\n" REST,
	    "f:1: timeouts: expected a group, got a string\n" },
	{ "limits = { uri = true; };\n" REST,
	    "f:1: limits.uri: expected a size such as \"16k\", got a "
	    "boolean\n" },
	{ "listeners = { };\n" SERVICE ROUTE,
	    "f:1: listeners: expected a list of groups, got a group\n" },
	{ "listeners = ( \"127.0.0.1:80\" );\n" SERVICE ROUTE,
	    "f:1: listeners: expected a group for each listener, got a "
	    "string\n" },
	{ LISTENER "services = [ \"a\" ];\n" PING,
	    "f:2: services: expected a group of named groups or a list of "
	    "groups, got an array\n" },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\";\n"
			   "hosts = 1; } );\n",
	    "f:4: hosts: expected a string or an array of strings, got an "
	    "integer\n" },
	{ LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\";\n"
			   "methods = ( \"GET\", 2 ); } );\n",
	    "f:4: methods: expected a string or an array of strings, got an "
	    "integer\n" },
	/* ranges */
	{ "workers = 65;\n" REST,
	    "f:1: workers: 65 is out of range (0 to 64)\n" },
	{ "workers = -1;\n" REST,
	    "f:1: workers: -1 is out of range (0 to 64)\n" },
	{ "workers = 5000000000L;\n" REST,
	    "f:1: workers: 5000000000 is out of range (0 to 64)\n" },
	{ "limits = { request_head = \"1m\"; };\n" REST,
	    "f:1: limits.request_head: 1m is out of range (\"1k\" to "
	    "\"64k\")\n" },
	{ "limits = { connections_per_address = 1048576; };\n" REST,
	    "f:1: limits.connections_per_address: 1048576 is out of range (0 "
	    "to 1048575)\n" },
	{ "limits = { min_rate = \"2k/s\"; };\n" REST,
	    "f:1: limits.min_rate: expected a size such as \"16k\"; \"2k/s\" "
	    "has an unknown unit (known: k, m, g)\n" },
	{ "limits = { request_head = 0; };\n" REST,
	    "f:1: limits.request_head: 0 is out of range (\"1k\" to "
	    "\"64k\")\n" },
	{ "timeouts = { head = \"1us\"; };\n" REST,
	    "f:1: timeouts.head: 1us is out of range (\"1ms\" to \"365d\", and "
	    "0 for no limit)\n" },
	{ "log = { level = \"loud\"; };\n" REST,
	    "f:1: log.level: there is no \"loud\" (there is \"debug\", "
	    "\"info\", \"warn\", \"error\", \"critical\")\n" },
	{ "log = { level = \"\"; };\n" REST,
	    "f:1: log.level: there is no \"\" (there is \"debug\", \"info\", "
	    "\"warn\", \"error\", \"critical\")\n" },
	{ "pid_file = \"\";\n" REST, "f:1: pid_file: the string is empty\n" },
	{ "environment = \"a\\nb\";\n" REST,
	    "f:1: environment: the string holds a control character\n" },
	{ "environment = \"1234567890123456789012345678901234567890"
	  "123456789012345678901234\";\n" REST,
	    "f:1: environment: the string has 64 bytes, more than 63\n" },
	/* names and places */
	{ LISTENER "services = ( { endpoints = (\n"
		   "{ address = \"127.0.0.1:81\"; } ); } );\n" PING,
	    "f:2: a service in a list needs a name\n" },
	{ LISTENER
	    "services = { be = { endpoints = (\n"
	    "{ address = \"127.0.0.1:81\"; } ); name = \"x\"; }; };\n" PING,
	    "f:3: name: given already at f:2\n" },
	/* syntax */
	{ "workers = 1;\nworkers = 2;\n" REST,
	    "f:2: duplicate setting name\n" },
	{ "workers = ;\n" REST, "f:1: syntax error\n" },
	{ "a = [ 1, \"x\" ];\n", "f:1: mismatched element type in array\n" },
	{ "user = \"x;\ngroup = \"y\";\n",
	    "f:1: the string that begins here has no end on its line: a quote "
	    "is missing, here or below\n" },
	{ "user = \"x;\ngroup = \"y;\n",
	    "f:2: syntax error (the string that begins on line 1 goes over "
	    "several lines: is its quote missing?)\n" },
	{ "\n/* \n", "f:2: the comment that begins here has no end\n" },
	{ "workers = 010;\nworker = 1;\n",
	    "f:1: 010: a number must not begin with 0: some versions of "
	    "libconfig read it as octal\n" },
	{ "include = \"*.conf\";\n" REST,
	    "f:1: include: nothing can be included here\n" },
	{ "@include \"x\"\n", "f:1: nothing can be included here\n" },
	/* all of them, in order */
	{ "workers = 65;\nuser = 1;\nworker = 1;\n" REST,
	    "f:1: workers: 65 is out of range (0 to 64)\n"
	    "f:2: user: expected a string, got an integer\n"
	    "f:3: unknown key \"worker\"; did you mean \"workers\"?\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

START_TEST(nul_byte)
{
	static const char text[] = "workers = 1;\0worker = 2;";
	struct conf_try t;

	diag_init(&t.d);
	conf_try_end(&t, conf_load_text(&t.c, "f", SLICE_LIT(text), &t.d));
	ck_assert_str_eq(t.complaints, "f: the file holds a NUL byte\n");
	conf_try_fini(&t);
}
END_TEST

START_TEST(defaults)
{
	struct conf_try t;

	conf_try_text(&t, REST);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_str_eq(t.c.user, "nobody");
	ck_assert_ptr_null(t.c.group);
	ck_assert(!t.c.user_given);
	ck_assert_uint_eq(t.c.workers, 0);
	ck_assert(!t.c.cpu_affinity);
	ck_assert_uint_eq(t.c.worker_connections, 65536);
	ck_assert_ptr_null(t.c.pid_file);
	ck_assert_ptr_null(t.c.admin_socket);
	ck_assert_str_eq(t.c.environment, "production");
	ck_assert_str_eq(t.c.log_target, "stderr");
	ck_assert_int_eq(t.c.log_level, LOG_LVL_INFO);
	ck_assert_uint_eq(t.c.limits.request_head, 16384);
	ck_assert_uint_eq(t.c.limits.uri, 8192);
	ck_assert_uint_eq(t.c.limits.headers, 100);
	ck_assert_uint_eq(t.c.limits.request_body, 0);
	ck_assert_uint_eq(t.c.limits.response_head, 65536);
	ck_assert_uint_eq(t.c.limits.connections_per_address, 0);
	ck_assert_uint_eq(t.c.limits.requests_per_connection, 0);
	ck_assert_uint_eq(t.c.limits.min_rate, 0);
	ck_assert_uint_eq(t.c.timeouts.head, 10000000);
	ck_assert_uint_eq(t.c.timeouts.tunnel, 3600000000);
	ck_assert_uint_eq(t.c.services[0].pool.max_idle, 64);
	ck_assert_uint_eq(t.c.services[0].pool.idle_us, 60000000);
	ck_assert_str_eq(t.c.services[0].balance, "p2c");
	ck_assert_str_eq(t.c.services[0].hash_key, "address");
	ck_assert_uint_eq(t.c.services[0].endpoints[0].weight, 1);
	ck_assert(!t.c.services[0].endpoints[0].backup);
	ck_assert(!t.c.routes[0].encoded_slash_keep);
	ck_assert_uint_eq(t.c.routes[0].respond.status, 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(values)
{
	struct conf_try t;

	conf_try_text(&t,
	    "user = \"nobody\"; workers = 3; cpu_affinity = true;\n"
	    "log = { level = \"debug\"; target = \"syslog\"; };\n"
	    "limits = { request_body = \"10m\"; uri = 4096; headers = 7; };\n"
	    "timeouts = { idle = \"0\"; body = 0; head = \"250ms\"; };\n"
	    "listeners = ( { address = \"[::1]:80\"; } );\n"
	    "services = (\n"
	    "  { name = \"a/b\"; endpoints = (); } );\n");
	ck_assert(t.c.user_given);
	ck_assert_uint_eq(t.c.workers, 3);
	ck_assert(t.c.cpu_affinity);
	ck_assert_int_eq(t.c.log_level, LOG_LVL_DEBUG);
	ck_assert_str_eq(t.c.log_target, "syslog");
	ck_assert_uint_eq(t.c.limits.request_body, 10485760);
	ck_assert_uint_eq(t.c.limits.uri, 4096);
	ck_assert_uint_eq(t.c.limits.headers, 7);
	ck_assert_uint_eq(t.c.timeouts.idle, 0);
	ck_assert_uint_eq(t.c.timeouts.body, 0);
	ck_assert_uint_eq(t.c.timeouts.head, 250000);
	ck_assert_uint_eq(t.c.listeners[0].addr.port, 80);
	ck_assert_int_eq(t.c.listeners[0].place.line, 5);
	ck_assert_int_eq(t.c.services[0].place.line, 7);
	conf_try_fini(&t);
}
END_TEST

/* A group of named groups and a list with names are the same. */
START_TEST(named_either_way)
{
	struct conf_try a, b;

	conf_try_text(&a, REST);
	conf_try_text(&b,
	    LISTENER "services = ( { name = \"be\";\n"
		     "endpoints = ( { address = \"127.0.0.1:81\"; } ); } );\n"
		     "routes = { root = { path = \"/\"; service = \"be\"; }; "
		     "};\n");
	ck_assert_str_eq(b.complaints, "");
	ck_assert_str_eq(b.c.services[0].name, "be");
	ck_assert_str_eq(b.c.routes[0].name, "root");
	ck_assert_str_eq(a.c.routes[0].name, "/");
	conf_try_fini(&a);
	conf_try_fini(&b);
}
END_TEST

START_TEST(one_string_for_names)
{
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER SERVICE "routes = ( { path = \"/\"; service = \"be\";\n"
			     "methods = \"GET\"; hosts = [ ]; } );\n");
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.routes[0].methods.count, 1);
	ck_assert_str_eq(t.c.routes[0].methods.items[0], "GET");
	ck_assert_int_eq(t.c.routes[0].methods.places[0].line, 4);
	ck_assert_uint_eq(t.c.routes[0].hosts.count, 0);
	conf_try_fini(&t);
}
END_TEST

/* Many entries, and lists that grow over a power of two. */
START_TEST(long_lists)
{
	struct text file = { 0 };
	struct conf_try t;

	text_add(&file, SLICE_LIT(LISTENER SERVICE "routes = (\n"));
	for (int i = 0; i < 1000; i++)
		text_printf(&file, "%s{ path = \"/r%d\"; service = \"be\"; }\n",
		    i != 0 ? ", " : "", i);
	text_add(&file, SLICE_LIT(");\n"));
	text_add_char(&file, '\0');
	conf_try_text(&t, file.p);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.route_count, 1000);
	ck_assert_str_eq(t.c.routes[999].name, "/r999");
	ck_assert_int_eq(t.c.routes[999].place.line, 1003);
	conf_try_fini(&t);
	text_fini(&file);
}
END_TEST

/* What a variable gives is checked like any other value. */
START_TEST(environment)
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
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, nul_byte);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, values);
	tcase_add_test(tc, named_either_way);
	tcase_add_test(tc, one_string_for_names);
	tcase_add_test(tc, long_lists);
	tcase_add_test(tc, environment);
	return conf_try_run("conf_read", tc);
}
