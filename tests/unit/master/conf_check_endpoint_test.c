/*
 * Where endpoints may be, in every spelling, and what else is said of them.
 */
#include <stdio.h>

#include "shm/vital.h"
#include "tests/unit/master/conf_try.h"

/* Endpoints, from line 2 on. */
#define ENDPOINTS(list) \
	LISTENER "services = { be = { endpoints = ( " list " ); }; };\n" ROUTE
#define AT(address) "{ address = \"" address "\"; }"
#define L50 "abcdefghijabcdefghijabcdefghijabcdefghijabcdefghij"

static const struct conf_case bad[] = {
	{ ENDPOINTS("{ }"), "f:2: an endpoint needs an address\n" },
	{ ENDPOINTS(AT("*:90")),
	    "f:2: address: \"*:90\" is no address to connect to\n" },
	{ ENDPOINTS(AT("0.0.0.0:90")),
	    "f:2: address: \"0.0.0.0:90\" is no address to connect to\n" },
	{ ENDPOINTS(AT("[::]:90")),
	    "f:2: address: \"[::]:90\" is no address to connect to\n" },
	{ ENDPOINTS(AT("10.0.0.1")),
	    "f:2: address: \"10.0.0.1\" has no port\n" },
	{ ENDPOINTS(AT("10.0.0.256:1")),
	    "f:2: address: \"10.0.0.256:1\" is not a numeric address and "
	    "port\n" },
	{ ENDPOINTS(AT("host.7:1")),
	    "f:2: address: \"host.7:1\" is not a numeric address and port\n" },
	{ ENDPOINTS(AT("1234:1")),
	    "f:2: address: \"1234:1\" is not a numeric address and port\n" },
	{ ENDPOINTS(AT("::1:80")),
	    "f:2: address: \"::1:80\" needs brackets around the IPv6 "
	    "address\n" },
	{ ENDPOINTS(AT("[::1]")), "f:2: address: \"[::1]\" has no port\n" },
	{ ENDPOINTS(AT("[a]:1")),
	    "f:2: address: \"[a]:1\" is not a numeric address and port\n" },
	{ ENDPOINTS(AT("users.internal")),
	    "f:2: address: \"users.internal\" has no port: only names of SRV "
	    "records, such as \"_http._tcp.users.example\", go without\n" },
	{ ENDPOINTS(AT("_http.users")),
	    "f:2: address: \"_http.users\" has no port: only names of SRV "
	    "records, such as \"_http._tcp.users.example\", go without\n" },
	{ ENDPOINTS(AT("_http._tcp.a:80")),
	    "f:2: address: \"_http._tcp.a:80\" has a port: SRV records give it "
	    "themselves\n" },
	{ ENDPOINTS(AT("a:0")),
	    "f:2: address: \"a:0\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a:65536")),
	    "f:2: address: \"a:65536\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a:080000")),
	    "f:2: address: \"a:080000\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a:")),
	    "f:2: address: \"a:\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a:8x")),
	    "f:2: address: \"a:8x\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a b:80")),
	    "f:2: address: \"a b:80\" has a character that no host name "
	    "has\n" },
	{ ENDPOINTS(AT("http://a")),
	    "f:2: address: \"http://a\" has no valid port (1 to 65535)\n" },
	{ ENDPOINTS(AT("a..b:80")),
	    "f:2: address: \"a..b:80\" has an empty label\n" },
	{ ENDPOINTS(AT("a..:80")),
	    "f:2: address: \"a..:80\" has an empty label\n" },
	{ ENDPOINTS(AT(".:80")),
	    "f:2: address: \".:80\" has an empty label\n" },
	{ ENDPOINTS(AT(":80")), "f:2: address: \":80\" has an empty label\n" },
	{ ENDPOINTS(AT(L50 "abcdefghijabcd:80")),
	    "f:2: address: \"" L50 "abcdefghijabcd:80\" has a label of more "
	    "than 63 characters\n" },
	{ ENDPOINTS(AT(L50 "." L50 "." L50 "." L50 "." L50 ":80")),
	    "f:2: address: \"" L50 "." L50 "." L50 "." L50 "." L50 ":80\" has "
	    "more than 253 characters\n" },
	/* one place, two spellings */
	{ ENDPOINTS("\n" AT("[::1]:90") ",\n" AT("[0::1]:90")),
	    "f:4: address: service \"be\" has [::1]:90 already, at f:3\n" },
	{ ENDPOINTS("\n" AT("A.Example:90") ",\n" AT("a.example.:090")),
	    "f:4: address: service \"be\" has a.example:90 already, at "
	    "f:3\n" },
	{ ENDPOINTS("\n" AT("_a._tcp.b") ",\n" AT("_A._TCP.B.")),
	    "f:4: address: service \"be\" has _a._tcp.b already, at f:3\n" },
	/* zone and state */
	{ ENDPOINTS("{ address = \"a:1\"; zone = \"x\\ty\"; }"),
	    "f:2: zone: the string holds a control character\n" },
	{ "zone = \"x\";\n" ENDPOINTS("{ address = \"a:1\"; zone = \"x y\"; }"),
	    "f:3: zone: \"x y\" has a space or a character outside ASCII\n" },
	{ ENDPOINTS("{ address = \"a:1\"; zone = \"\"; }"),
	    "f:2: zone: the string is empty\n" },
	{ ENDPOINTS("{ address = \"a:1\"; state = \"down\"; }"),
	    "f:2: state: there is no \"down\" (there is \"ready\", \"drain\", "
	    "\"maint\")\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

static const struct {
	const char *address;
	enum img_endpoint_kind kind;
	uint16_t port;
	const char *host;
} good[] = {
	{ "10.0.0.1:80", IMG_ENDPOINT_ADDR, 80, NULL },
	{ "[::1]:8080", IMG_ENDPOINT_ADDR, 8080, NULL },
	{ "localhost:9001", IMG_ENDPOINT_NAME, 9001, "localhost" },
	{ "Users.Internal.:65535", IMG_ENDPOINT_NAME, 65535, "users.internal" },
	{ "a-b_c.7x:1", IMG_ENDPOINT_NAME, 1, "a-b_c.7x" },
	{ "_a.b:1", IMG_ENDPOINT_NAME, 1, "_a.b" },
	{ "_HTTP._tcp.Users.example.", IMG_ENDPOINT_SRV, 0,
	    "_http._tcp.users.example" },
	{ L50 "abcdefghijabc.x:1", IMG_ENDPOINT_NAME, 1,
	    L50 "abcdefghijabc.x" },
};

START_TEST(each_good)
{
	const struct conf_endpoint *e;
	struct conf_try t;
	char text[512];

	(void)snprintf(
	    text, sizeof(text), ENDPOINTS(AT("%s")), good[_i].address);
	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, "");
	e = &t.c.services[0].endpoints[0];
	ck_assert_int_eq(e->kind, good[_i].kind);
	ck_assert_uint_eq(e->addr.port, good[_i].port);
	ck_assert_pstr_eq(e->host, good[_i].host);
	ck_assert_str_eq(e->address, good[_i].address);
	conf_try_fini(&t);
}
END_TEST

/* The longest name that there is: 253 characters, and a dot. */
START_TEST(longest)
{
	static const char name[] = L50 "." L50 "." L50 "." L50 "." L50;
	const struct conf_endpoint *e;
	struct conf_try t;
	char text[1024];

	ck_assert_uint_eq(sizeof(name) - 1, 254);
	(void)snprintf(
	    text, sizeof(text), ENDPOINTS(AT("%s.:12345")), name + 1);
	conf_try_text(&t, text);
	ck_assert_str_eq(t.complaints, "");
	e = &t.c.services[0].endpoints[0];
	ck_assert_str_eq(e->host, name + 1);
	conf_try_fini(&t);
}
END_TEST

START_TEST(states)
{
	const struct conf_endpoint *e;
	struct conf_try t;

	conf_try_text(&t,
	    ENDPOINTS("{ address = \"a:1\"; state = \"drain\"; }, { address = "
		      "\"b:1\"; state = \"maint\"; }, { address = \"c:1\"; }"));
	ck_assert_str_eq(t.complaints, "");
	e = t.c.services[0].endpoints;
	ck_assert_uint_eq(e[0].admin, ADMIN_DRAIN);
	ck_assert_uint_eq(e[1].admin, ADMIN_MAINT);
	ck_assert_uint_eq(e[2].admin, ADMIN_READY);
	conf_try_fini(&t);
}
END_TEST

/* Once, however many there are. */
START_TEST(zone_without_own)
{
	static const char text[] =
	    ENDPOINTS("{ address = \"a:1\"; },\n{ address = \"b:1\"; zone = "
		      "\"x\"; },\n{ address = \"c:1\"; zone = \"x\"; }");
	struct conf_try t;

	conf_try_text(&t, text);
	ck_assert(t.ok);
	ck_assert_str_eq(t.complaints,
	    "f:3: warning: zone: it has no effect, since the gateway has no "
	    "zone of its own\n");
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_loop_test(
	    tc, each_good, 0, (int)(sizeof(good) / sizeof(good[0])));
	tcase_add_test(tc, longest);
	tcase_add_test(tc, states);
	tcase_add_test(tc, zone_without_own);
	return conf_try_run("conf_check_endpoint", tc);
}
