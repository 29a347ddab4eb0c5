/*
 * Health checks and passive marking: what is refused, what is off, and what
 * follows from what is given.
 */
#include "tests/unit/master/conf_try.h"

#define CHECK(keys) SERVICE_WITH("health_check = { " keys " };")

static const struct conf_case bad[] = {
	{ SERVICE_WITH("health_check = true;"),
	    "f:2: health_check: expected a group, got a boolean\n" },
	{ CHECK("type = \"udp\";"),
	    "f:2: health_check.type: there is no \"udp\" (there is \"http\", "
	    "\"tcp\", \"grpc\")\n" },
	/* gRPC */
	{ CHECK("type = \"grpc\";"),
	    "f:2: health_check.type: \"grpc\" needs protocol = \"h2\" in the "
	    "service\n" },
	{ SERVICE_WITH("protocol = \"h2\"; health_check = { type = \"grpc\";\n"
		       "path = \"/\";\nexpect = \"200\"; };"),
	    "f:3: health_check.path: a check of type \"grpc\" sends a request "
	    "of "
	    "its own\n"
	    "f:4: health_check.expect: a check of type \"grpc\" sends a "
	    "request "
	    "of its own\n" },
	{ CHECK("type = \"tcp\"; grpc_service = \"a\";"),
	    "f:2: health_check.grpc_service: a check of type \"tcp\" sends no "
	    "request\n" },
	{ CHECK("grpc_service = \"a\";"),
	    "f:2: health_check.grpc_service: it has no effect with type = "
	    "\"http\"\n" },
	{ CHECK("method = \"POST\";"),
	    "f:2: health_check.method: there is no \"POST\" (there is \"GET\", "
	    "\"HEAD\")\n" },
	{ CHECK("\npath = \"health\";"),
	    "f:3: health_check.path: \"health\" does not start with \"/\"\n" },
	{ CHECK("path = \"/a b\";"),
	    "f:2: health_check.path: \"/a b\" has a character that no request "
	    "has\n" },
	{ CHECK("path = \"/a#b\";"),
	    "f:2: health_check.path: \"/a#b\" has a character that no request "
	    "has\n" },
	{ CHECK("host = \"a b\";"),
	    "f:2: health_check.host: \"a b\" is not a host, with or without a "
	    "port\n" },
	{ CHECK("port = 65536;"),
	    "f:2: health_check.port: 65536 is out of range (0 to 65535)\n" },
	/* times and counts */
	{ CHECK("interval = \"99ms\";"),
	    "f:2: health_check.interval: 99ms is out of range (\"100ms\" to "
	    "\"1d\")\n" },
	{ CHECK("interval = \"25h\";"),
	    "f:2: health_check.interval: 25h is out of range (\"100ms\" to "
	    "\"1d\")\n" },
	{ CHECK("interval = \"1s\";\ntimeout = \"1001ms\";"),
	    "f:3: health_check: the timeout (1001ms) is longer than the "
	    "interval (1s)\n" },
	{ CHECK("healthy = 0; unhealthy = 101;"),
	    "f:2: health_check.healthy: 0 is out of range (1 to 100)\n"
	    "f:2: health_check.unhealthy: 101 is out of range (1 to 100)\n" },
	{ SERVICE_WITH("passive = { failures = 0; time = \"0\"; };"),
	    "f:2: passive.failures: 0 is out of range (1 to 1000)\n"
	    "f:2: passive.time: 0 is out of range (\"1ms\" to \"1d\")\n" },
	{ SERVICE_WITH("passive = { failures = 1001; };"),
	    "f:2: passive.failures: 1001 is out of range (1 to 1000)\n" },
	/* what is expected */
	{ CHECK("expect = [ \"200\",\n\"600\" ];"),
	    "f:3: health_check.expect: \"600\" goes beyond the statuses that "
	    "there are, 100 to 599\n" },
	{ CHECK("expect = \"299-200\";"),
	    "f:2: health_check.expect: \"299-200\" is a range that ends before "
	    "it begins\n" },
	{ CHECK("expect = [ \"2xx\", \"200-299-\", \"099\" ];"),
	    "f:2: health_check.expect: \"2xx\" is no status and no range of "
	    "them, such as \"200-299\"\n"
	    "f:2: health_check.expect: \"200-299-\" is no status and no range "
	    "of them, such as \"200-299\"\n"
	    "f:2: health_check.expect: \"099\" goes beyond the statuses that "
	    "there are, 100 to 599\n" },
	{ CHECK("expect = [ ];"),
	    "f:2: health_check.expect: without a status no answer is good\n" },
	{ CHECK("expect = [ 200 ];"),
	    "f:2: health_check.expect: expected a string or an array of "
	    "strings, got an integer\n"
	    "f:2: health_check.expect: without a status no answer is good\n" },
	{ CHECK("expect = [ \"200\", \"200\" ];"),
	    "f:2: health_check.expect: \"200\" is there twice\n" },
	{ CHECK("body = \"~(\";"),
	    "f:2: health_check.body: \"~(\" is no regular expression: missing "
	    "closing parenthesis at offset 1\n" },
	{ CHECK("body = \"~\";"),
	    "f:2: health_check.body: \"~\" stands before an expression\n" },
	{ CHECK("body = \"\";"),
	    "f:2: health_check.body: the string is empty\n" },
	{ CHECK("method = \"HEAD\";\nbody = \"ok\";"),
	    "f:3: health_check.body: an answer to HEAD has no body\n" },
	/* headers */
	{ CHECK("headers = ( { set = \"A\"; }, { value = \"A\"; } );"),
	    "f:2: health_check.headers: a header needs set and value\n"
	    "f:2: health_check.headers: a header needs set and value\n" },
	{ CHECK("headers = ( { set = \"A b\"; value = \"\"; } );"),
	    "f:2: health_check.headers: \"A b\" is not the name of a header "
	    "field\n" },
	{ CHECK("headers = ( { set = \"hOst\"; value = \"a\"; } );"),
	    "f:2: health_check.headers: \"hOst\" is set by "
	    "health_check.host\n" },
	{ CHECK("headers = ( { set = \"Content-Length\"; value = \"1\"; } );"),
	    "f:2: health_check.headers: \"Content-Length\" frames the message "
	    "and cannot be changed\n" },
	{ CHECK("headers = ( { set = \"Connection\"; value = \"a\"; } );"),
	    "f:2: health_check.headers: \"Connection\" belongs to the "
	    "connection and cannot be changed\n" },
	{ CHECK("headers = ( { set = \"A\"; value = \"a\\r\\nB: c\"; } );"),
	    "f:2: value: the string holds a control character\n" },
	{ CHECK("headers = ( { set = \"X-A\"; value = \"1\"; },\n{ set = "
		"\"x-a\"; value = \"2\"; } );"),
	    "f:3: health_check.headers: \"x-a\" is there twice\n" },
	{ CHECK("headers = ( { add = \"X-A\"; value = \"1\"; } );"),
	    "f:2: unknown key \"add\" in a header\n"
	    "f:2: health_check.headers: a header needs set and value\n" },
	{ CHECK("headers = { };"),
	    "f:2: health_check.headers: expected a list of groups, got a "
	    "group\n" },
	/* A connection alone has no use for a request. */
	{ CHECK("type = \"tcp\";\npath = \"/\"; method = \"GET\"; host = "
		"\"a\";\nheaders = ( ); expect = \"200\"; body = \"x\";"),
	    "f:3: health_check.path: a check of type \"tcp\" sends no request\n"
	    "f:3: health_check.method: a check of type \"tcp\" sends no "
	    "request\n"
	    "f:3: health_check.host: a check of type \"tcp\" sends no request\n"
	    "f:4: health_check.headers: a check of type \"tcp\" sends no "
	    "request\n"
	    "f:4: health_check.expect: a check of type \"tcp\" sends no "
	    "request\n"
	    "f:4: health_check.body: a check of type \"tcp\" sends no "
	    "request\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

START_TEST(off)
{
	struct conf_try t;

	conf_try_text(&t, REST);
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[0].check.kind, IMG_CHECK_NONE);
	ck_assert_uint_eq(t.c.services[0].check.interval_us, 0);
	ck_assert_uint_eq(t.c.services[0].passive.failures, 0);
	conf_try_fini(&t);
}
END_TEST

START_TEST(defaults)
{
	const struct conf_health_check *check;
	struct conf_try t;

	conf_try_text(&t, SERVICE_WITH("health_check = { }; passive = { };"));
	ck_assert_str_eq(t.complaints, "");
	check = &t.c.services[0].check;
	ck_assert_uint_eq(check->kind, IMG_CHECK_HTTP);
	ck_assert_str_eq(check->path, "/");
	ck_assert_str_eq(check->method, "GET");
	ck_assert_ptr_null(check->host);
	ck_assert_ptr_null(check->body);
	ck_assert_uint_eq(check->statuses.count, 1);
	ck_assert_uint_eq(check->statuses.items[0].from, 200);
	ck_assert_uint_eq(check->statuses.items[0].to, 299);
	ck_assert_uint_eq(check->port, 0);
	ck_assert_uint_eq(check->interval_us, 30000000);
	ck_assert_uint_eq(check->timeout_us, 2000000);
	ck_assert_uint_eq(check->healthy, 2);
	ck_assert_uint_eq(check->unhealthy, 3);
	ck_assert_uint_eq(t.c.services[0].passive.failures, 5);
	ck_assert_uint_eq(t.c.services[0].passive.time_us, 10000000);
	conf_try_fini(&t);
}
END_TEST

/* Whoever gives an interval alone wants no complaint about the timeout. */
START_TEST(timeout_follows)
{
	struct conf_try t;

	conf_try_text(&t, CHECK("interval = \"200ms\";"));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[0].check.timeout_us, 200000);
	conf_try_fini(&t);
}
END_TEST

START_TEST(tcp)
{
	struct conf_try t;

	conf_try_text(&t, CHECK("type = \"tcp\"; port = 1; healthy = 1;"));
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[0].check.kind, IMG_CHECK_TCP);
	ck_assert_uint_eq(t.c.services[0].check.statuses.count, 0);
	ck_assert_ptr_null(t.c.services[0].check.path);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, off);
	tcase_add_test(tc, defaults);
	tcase_add_test(tc, timeout_follows);
	tcase_add_test(tc, tcp);
	return conf_try_run("conf_check_health", tc);
}
