/*
 * What values mean together: bad combinations with every complaint, and what
 * follows from good ones.
 */
#include <unistd.h>

#include "tests/unit/master/conf_try.h"

/* A route of these keys, on line 3 of the file. */
#define WITH(keys) LISTENER SERVICE "routes = ( { " keys " } );\n"
#define TO "path = \"/\"; service = \"be\"; "

static const struct conf_case bad[] = {
	/* top level and listeners */
	{ SERVICE ROUTE, "f: there is no listener\n" },
	{ "zone = \"a b\";\n" REST,
	    "f:1: zone: \"a b\" has a space or a character outside ASCII\n" },
	{ "zone = \"\";\n" REST, "f:1: zone: the string is empty\n" },
	{ "listeners = ( { } );\n" SERVICE ROUTE,
	    "f:1: a listener needs an address\n" },
	{ "listeners = ( { address = \"localhost:80\"; } );\n" SERVICE ROUTE,
	    "f:1: address: \"localhost:80\" is not a numeric address and port; "
	    "it must be one such as \"0.0.0.0:8080\"\n" },
	{ "listeners = ( { address = \"0.0.0.0:80\"; },\n"
	  "{ address = \"*:80\"; } );\n" SERVICE ROUTE,
	    "f:2: address: there is a listener on 0.0.0.0:80 already, at "
	    "f:1\n" },
	/* services */
	{ LISTENER "services = { be = { }; };\n" ROUTE,
	    "f:2: service \"be\" has no endpoints\n" },
	{ LISTENER "services = { be = {\nendpoints = (); }; };\n" ROUTE,
	    "f:3: service \"be\" has no endpoints\n" },
	{ LISTENER "services = { be = { host = \"a b\"; endpoints = ( {\n"
		   "address = \"127.0.0.1:81\"; } ); }; };\n" ROUTE,
	    "f:2: host: \"a b\" is not a host, with or without a port\n" },
	{ LISTENER "services = ( { name = \"be\"; endpoints = ( { address = "
		   "\"127.0.0.1:81\"; } ); },\n{ name = \"be\"; endpoints = "
		   "( { address = \"127.0.0.1:82\"; } ); } );\n" ROUTE,
	    "f:3: there is a service \"be\" already, at f:2\n" },
	{ LISTENER "services = ( { name = \"a/b\"; endpoints = ( { address = "
		   "\"127.0.0.1:81\"; } ); } );\n"
		   "routes = ( { path = \"/\"; service = \"a/b\"; } );\n",
	    "f:2: name: \"a/b\" has a space, a slash, a quote or a character "
	    "outside ASCII\n" },
	/* balancing */
	{ SERVICE_WITH("balance = \"p3c\";"),
	    "f:2: balance: there is no \"p3c\" (there is \"round_robin\", "
	    "\"least_connections\", \"random\", \"hash\", \"p2c\")\n" },
	{ SERVICE_WITH("hash_key = \"addres\";"),
	    "f:2: hash_key: \"addres\" is no key; it must be \"address\", "
	    "\"header:NAME\", \"cookie:NAME\", \"path\" or \"user\"\n" },
	{ SERVICE_WITH("hash_key = \"header\";"),
	    "f:2: hash_key: \"header\" needs a name, as in "
	    "\"header:X-Tenant\"\n" },
	{ SERVICE_WITH("hash_key = \"cookie:a b\";"),
	    "f:2: hash_key: \"cookie:a b\" needs a name, as in "
	    "\"header:X-Tenant\"\n" },
	{ SERVICE_WITH("hash_key = \"path:x\";"),
	    "f:2: hash_key: \"path:x\" has a name, and needs none\n" },
	{ SERVICE_WITH("hash_key = \"user:x\";"),
	    "f:2: hash_key: \"user:x\" has a name, and needs none\n" },
	{ SERVICE_WITH("hash_key = 3;"),
	    "f:2: hash_key: expected a string, got an integer\n" },
	{ LISTENER "services = { be = { endpoints = ( { address = "
		   "\"127.0.0.1:81\"; backup = true; } ); }; };\n" ROUTE,
	    "f:2: service \"be\" has only backup endpoints: it needs one that "
	    "is no backup\n" },
	/* where a route leads */
	{ WITH("path = \"/\"; service = \"bee\";"),
	    "f:3: service: there is no service \"bee\"; did you mean "
	    "\"be\"?\n" },
	{ WITH("path = \"/\"; service = \"elsewhere\";"),
	    "f:3: service: there is no service \"elsewhere\"\n" },
	{ WITH("path = \"/\";"), "f:3: a route needs a service, or respond\n" },
	{ WITH(TO "\nrespond = { };"),
	    "f:4: a route has a service or respond, not both\n" },
	{ WITH("service = \"be\";"), "f:3: a route needs a path\n" },
	{ LISTENER SERVICE "routes = ( { name = \"a\"; " TO "},\n"
			   "{ name = \"a\"; path = \"/b\"; service = \"be\"; "
			   "} );\n",
	    "f:4: there is a route \"a\" already, at f:3\n" },
	{ WITH("path = \"/\"; respond = { }; rewrite = \"/x\";"),
	    "f:3: rewrite: a route with respond sends no request on\n" },
	{ WITH("path = \"/\"; respond = { };\npriority = \"priority\";"),
	    "f:4: priority: a route with respond sends no request on\n" },
	{ WITH("path = \"/\"; respond = { status = 600; };"),
	    "f:3: respond.status: 600 is out of range (200 to 599)\n" },
	{ WITH("path = \"/\"; respond = { status = 204; body = \"x\"; };"),
	    "f:3: respond.body: an answer with status 204 has no body\n" },
	/* hosts and methods */
	{ WITH(TO "hosts = [ \"a.example:80\" ];"),
	    "f:3: hosts: \"a.example:80\" has a port: hosts are compared "
	    "without it\n" },
	{ WITH(TO "hosts = [ \"*\" ];"),
	    "f:3: hosts: \"*\" is every host: leave hosts out for that\n" },
	{ WITH(TO "hosts = [ \"a.*.b\" ];"),
	    "f:3: hosts: \"a.*.b\" has a character that no host name has\n" },
	{ WITH(TO "hosts = [ \"a..b\", \"b.\" ];"),
	    "f:3: hosts: \"a..b\" has an empty label\n"
	    "f:3: hosts: \"b.\" has an empty label\n" },
	{ WITH(TO "hosts = [ \"a.b\", \"A.b\" ];"),
	    "f:3: hosts: \"a.b\" is there twice\n" },
	{ WITH(TO "hosts = \"[::x]\";"),
	    "f:3: hosts: \"[::x]\" is not an IPv6 address in brackets\n" },
	{ WITH(TO "methods = [ \"get\", \"P T\" ];"),
	    "f:3: methods: \"get\" is not written in capitals\n"
	    "f:3: methods: \"P T\" is not a method\n" },
	{ WITH(TO "methods = [ \"GET\", \"GET\" ];"),
	    "f:3: methods: \"GET\" is there twice\n" },
	/* protocols */
	{ WITH(TO "upgrade = [ ];"), "" },
	{ WITH(TO "upgrade = \"thing\";"), "" },
	{ WITH(TO "upgrade = [ \"websocket\",\n\"H2c\" ];"),
	    "f:4: upgrade: \"H2c\" is never switched to\n" },
	{ WITH(TO "upgrade = [ \"thing/1\", \"a b\" ];"),
	    "f:3: upgrade: \"thing/1\" is not the name of a protocol\n"
	    "f:3: upgrade: \"a b\" is not the name of a protocol\n" },
	{ WITH(TO "upgrade = [ \"a\", \"b\", \"a\" ];"),
	    "f:3: upgrade: \"a\" is there twice\n" },
	{ WITH("path = \"/\"; respond = { };\nupgrade = [ \"websocket\" ];"),
	    "f:4: upgrade: a route with respond sends no request on\n" },
	/* gRPC-Web */
	{ WITH(TO "grpc_web = true;"),
	    "f:3: grpc_web: it needs protocol = \"h2\" in service \"be\"\n" },
	{ WITH(TO "grpc_web = false;"), "" },
	{ WITH("path = \"/\"; respond = { };\ngrpc_web = true;"),
	    "f:4: grpc_web: a route with respond sends no request on\n" },
	/* header rules */
	{ WITH(TO "request_headers = ( { value = \"x\"; } );"),
	    "f:3: a header rule has exactly one of set, add and remove\n" },
	{ WITH(TO "request_headers = ( { set = \"A\";\nremove = \"A\"; } );"),
	    "f:4: a header rule has exactly one of set, add and remove\n" },
	{ WITH(TO "request_headers = ( { set = \"A\"; } );"),
	    "f:3: set: a value is missing\n" },
	{ WITH(TO "response_headers = ( { remove = \"A\"; value = \"\"; } );"),
	    "f:3: value: a field that is removed has none\n" },
	{ WITH(TO "request_headers = ( { remove = \"A b\"; } );"),
	    "f:3: remove: \"A b\" is not the name of a header field\n" },
	{ WITH(TO "request_headers = ( { set = \"host\"; value = \"x\"; } );"),
	    "f:3: set: \"host\" is replaced by \"host\" of a service\n" },
	{ WITH(TO "response_headers = ( { remove = \"Connection\"; } );"),
	    "f:3: remove: \"Connection\" belongs to the connection and cannot "
	    "be changed\n" },
	{ WITH(TO "response_headers = ( { add = \"Content-Length\"; value = "
		  "\"1\"; } );"),
	    "f:3: add: \"Content-Length\" frames the message and cannot be "
	    "changed\n" },
	{ WITH(
	      TO "response_headers = ( { add = \"X\"; value = \"a\\nb\"; } );"),
	    "f:3: value: the string holds a control character\n" },
	/* conditions */
	{ WITH(TO "match = ( { value = \"x\"; } );"),
	    "f:3: a condition has exactly one of header, query, cookie, "
	    "client_subject, client_san and client_fingerprint\n" },
	{ WITH(TO "match = ( { header = \"a b\"; } );"),
	    "f:3: header: \"a b\" is not the name of a header field\n" },
	{ WITH(TO "match = ( { cookie = \"a=\"; } );"),
	    "f:3: cookie: \"a=\" is not the name of a cookie\n" },
};

START_TEST(each_bad)
{
	conf_try_expect(bad[_i].text, bad[_i].complaints);
}
END_TEST

START_TEST(no_route_is_a_warning)
{
	struct conf_try t;

	conf_try_text(&t, LISTENER);
	ck_assert(t.ok);
	ck_assert_str_eq(t.complaints,
	    "f: warning: there is no route: every request is answered 404\n");
	conf_try_fini(&t);
}
END_TEST

/* Only who can become somebody else has to know whom. */
START_TEST(user_exists)
{
	struct conf_try t;

	conf_try_text(&t, "user = \"no such\";\ngroup = \"none\";\n" REST);
	if (geteuid() == 0)
		ck_assert_str_eq(t.complaints,
		    "f:1: user: there is no user \"no such\"\n"
		    "f:2: group: there is no group \"none\"\n");
	else
		ck_assert_str_eq(t.complaints, "");
	conf_try_fini(&t);
}
END_TEST

START_TEST(completed)
{
	const struct conf_route *r;
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER
	    "services = { a = { endpoints = ( { address = \"10.0.0.1:1\"; } );"
	    " host = \"h.example:8\"; };\n"
	    "b = { endpoints = ( { address = \"[fd00::1]:2\"; } ); }; };\n"
	    "routes = ( { path = \"/\";\nhosts = [ \"API.Example\", \"*.x\" "
	    "];\n"
	    "service = \"b\";\nrewrite = \"/y\"; encoded_slash = \"keep\"; },\n"
	    "{ path = \"/p\"; respond = { body = \"a\\nb\"; }; } );\n");
	ck_assert_str_eq(t.complaints, "");
	ck_assert_uint_eq(t.c.services[1].endpoints[0].addr.port, 2);
	ck_assert_uint_eq(t.c.services[1].endpoints[0].addr.is_v6, 1);
	r = &t.c.routes[0];
	ck_assert_uint_eq(r->service_index, 1);
	ck_assert_str_eq(r->hosts.items[0], "api.example");
	ck_assert_int_eq(r->path_place.line, 4);
	ck_assert_int_eq(r->rewrite_place.line, 7);
	ck_assert(r->encoded_slash_keep);
	ck_assert_ptr_null(r->respond.place.file);
	r = &t.c.routes[1];
	ck_assert_uint_eq(r->service_index, SIZE_MAX);
	ck_assert_uint_eq(r->respond.status, 200);
	ck_assert_str_eq(r->respond.place.file, "f");
	ck_assert_str_eq(r->respond.body, "a\nb");
	conf_try_fini(&t);
}
END_TEST

START_TEST(timeouts_inherited)
{
	const struct conf_timeouts *s, *r, *p;
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER
	    "timeouts = { connect = \"1s\"; send = \"7s\"; idle = \"9s\"; };\n"
	    "services = { be = { endpoints = ( { address = \"10.0.0.1:1\"; } );"
	    " timeouts = { response = \"5s\"; send = \"0\"; }; }; };\n"
	    "routes = ( { path = \"/\"; service = \"be\";\n"
	    "timeouts = { response = \"2s\"; }; },\n"
	    "{ path = \"/p\"; respond = { }; } );\n");
	ck_assert_str_eq(t.complaints, "");
	s = &t.c.services[0].timeouts;
	r = &t.c.routes[0].timeouts;
	p = &t.c.routes[1].timeouts;
	ck_assert_uint_eq(s->response, 5000000);
	ck_assert_uint_eq(s->connect, 1000000);
	ck_assert_uint_eq(s->send, 0);
	ck_assert_uint_eq(s->idle, 9000000);
	ck_assert_uint_eq(r->response, 2000000);
	ck_assert_uint_eq(r->connect, 1000000);
	ck_assert_uint_eq(r->send, 0);
	ck_assert_uint_eq(r->head, 10000000);
	ck_assert_uint_eq(p->response, 30000000);
	ck_assert_uint_eq(p->send, 7000000);
	conf_try_fini(&t);
}
END_TEST

/* A route's priority is its own, else its service's, with its origin. */
START_TEST(priority_inherited)
{
	const struct conf_route *r;
	struct conf_try t;

	conf_try_text(&t,
	    LISTENER
	    "services = { be = { endpoints = ( { address = \"10.0.0.1:1\"; } );"
	    " priority = \"emergency\"; }; };\n"
	    "routes = ( { path = \"/\"; service = \"be\"; },\n"
	    "{ path = \"/q\"; service = \"be\"; priority = \"normal\"; },\n"
	    "{ path = \"/p\"; respond = { }; } );\n");
	ck_assert_str_eq(t.complaints, "");
	r = t.c.routes;
	ck_assert_uint_eq(t.c.services[0].class, IMG_CLASS_EMERGENCY);
	ck_assert_uint_eq(r[0].class, IMG_CLASS_EMERGENCY);
	ck_assert_str_eq(r[0].priority, "emergency");
	ck_assert_uint_eq(r[1].class, IMG_CLASS_NORMAL);
	ck_assert_str_eq(r[1].priority, "normal");
	ck_assert_uint_eq(r[2].class, IMG_CLASS_NORMAL);
	ck_assert_ptr_null(r[2].priority);
	conf_try_fini(&t);
}
END_TEST

int
main(void)
{
	TCase *tc = tcase_create("all");

	tcase_add_loop_test(
	    tc, each_bad, 0, (int)(sizeof(bad) / sizeof(bad[0])));
	tcase_add_test(tc, no_route_is_a_warning);
	tcase_add_test(tc, user_exists);
	tcase_add_test(tc, completed);
	tcase_add_test(tc, timeouts_inherited);
	tcase_add_test(tc, priority_inherited);
	return conf_try_run("conf_check", tc);
}
